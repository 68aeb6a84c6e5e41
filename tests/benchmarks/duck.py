"""The same rating written once in DuckDB SQL: what each usage line should have cost, under both version choices.

It starts from the same terms (which version a subscription has on which days) as the program's own rating, and supports
what the made-up month needs: two tiers, and allowances that are of one size in all versions of a tariff.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

ZONES = """
create temp table zone as
select prefix, zone from read_csv('{month}/zones.csv', types = {{'prefix': 'VARCHAR'}})
"""

CARD = """
create temp table card as
with tier as (
    select *, lead(from_unit) over rate as next_unit, lead(price) over rate as next_price, lead(per) over rate as next_per
    from read_csv('{month}/rates.csv', types = {{'price': 'DECIMAL(18,6)', 'connect_fee': 'DECIMAL(18,6)', 'minimum_charge': 'DECIMAL(18,6)', 'band': 'VARCHAR'}})
    window rate as (partition by tariff_id, version, service, zone, band order by from_unit)
), place as (
    select distinct version.tariff_id, version.version, version.service, zone.zone, band.band
    from (select distinct tariff_id, version, service from tier) version,
         (select zone from zone union select zone from tier union select 'data' union select 'roaming') zone,
         (select distinct band from tier union select null) band
)
select place.*, tier.* exclude (tariff_id, version, service, zone, band), quantity as allowance, zones
from place
join tier on tier.tariff_id = place.tariff_id and tier.version = place.version and tier.service = place.service
    and tier.zone in (place.zone, '*') and (tier.band is null or tier.band = place.band) and tier.from_unit = 0
left join read_csv('{month}/allowances.csv') allowance on allowance.tariff_id = place.tariff_id
    and allowance.version = place.version and allowance.service = place.service
    and (zones = '*' or list_contains(string_split(zones, '|'), place.zone))
qualify row_number() over (
    partition by place.tariff_id, place.version, place.service, place.zone, place.band
    order by tier.zone = '*', tier.band is null
) = 1
"""

NUMBERS = """
create temp table number as
select destination, arg_max(zone, length(prefix)) as zone
from (select distinct destination from read_parquet('{month}/cdrs/*.parquet') where destination is not null) called
join (select unnest(range(1, 16)) as digits) on true
join zone on prefix = left(ltrim(destination, '+'), digits)
group by destination
"""

LINES = """
copy (
    with placed as (
        select cdr_id, cdr.subscription_id, cdr.service, started_at, quantity, cdr.invoice_id, charged, choice, term.tariff_id,
            term.version, wall, coalesce(cdr.zone, number.zone, if(cdr.service = 'data', 'data', null)) as zone,
            cycle_day, wall::date - (cycle_day - 1)::integer as shifted
        from (select *, started_at at time zone 'Europe/Madrid' as wall from read_parquet('{month}/cdrs/*.parquet')) cdr
        left join number on number.destination = cdr.destination
        join read_parquet('{terms}') term on term.subscription_id = cdr.subscription_id
            and wall::date >= term_from and wall::date < term_to
    ), banded as (
        select placed.*, band.band
        from placed
        left join (
            select band.*, named.tariff_id, named.version
            from read_csv('{month}/bands.csv', types = {{'end_time': 'TIME', 'start_time': 'TIME'}}) band
            join (select distinct tariff_id, version, band from card) named on named.band = band.band
        ) band on band.tariff_id = placed.tariff_id and band.version = placed.version
            and band.weekday = isodow(wall) and wall::time >= start_time and wall::time < end_time
    ), counted as (
        select banded.*, card.* exclude (tariff_id, version, service, zone, band),
            case when quantity = 0 or banded.zone = 'care' then 0
                when next_unit is not null and quantity > next_unit
                    then next_unit + (quantity - next_unit + increment - 1) // increment * increment
                else least(first_increment + (greatest(quantity - first_increment, 0) + increment - 1) // increment * increment,
                    coalesce(next_unit, 9223372036854775807))
            end as units
        from banded
        left join card on card.tariff_id = banded.tariff_id and card.version = banded.version
            and card.service = banded.service and card.zone = banded.zone and card.band is not distinct from banded.band
    ), covered as (
        select *, units - if(zones is null or units = 0, 0, least(units, greatest(allowance - coalesce(sum(units) over (
            partition by subscription_id, tariff_id, choice, date_trunc('month', shifted), service, zones
            order by started_at, cdr_id rows between unbounded preceding and 1 preceding), 0), 0))) as over
        from counted
    ), priced as (
        select *, least(over, coalesce(next_unit, over))::hugeint * (price * 1000000)::hugeint * coalesce(next_per, 1)
                + greatest(over - coalesce(next_unit, over), 0)::hugeint * (coalesce(next_price, 0) * 1000000)::hugeint * per as top,
            per::hugeint * coalesce(next_per, 1) as bottom
        from covered
    )
    select invoice_id, subscription_id, service, choice, sum(case when over = 0 then 0 else greatest(
        (connect_fee * 1000000)::hugeint + (2 * top + bottom) // (2 * bottom), (minimum_charge * 1000000)::hugeint) end)::bigint as cost
    from priced where invoice_id is not null
    group by all
) to '{target}' (format parquet)
"""


def rate_lines(month: Path, terms: Path, target: Path) -> None:
    """Write what the CDRs of each invoice, subscription and service cost in millionths, for each choice in `terms`."""
    connection = duckdb.connect()
    connection.execute("set threads = 2; set preserve_insertion_order = false; set TimeZone = 'UTC'")
    for statement in (ZONES, CARD, NUMBERS, LINES):
        connection.execute(statement.format(month=month, terms=terms, target=target))
