"""The promises, each shown as the department that keeps it would see it: in the published files of the sample's nights.

Every figure is worked out by hand in sample_data/README.md. Files are read as any importer reads them: with `csv`.
"""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from conftest import NIGHTS, root
from operator_case import program

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, str]
Sample = dict[str, "Path"]


def imported(sample: Sample, night: str, file: str, **fields: str) -> list[Row]:
    """Return the rows of a night's file with these values."""
    with (sample[night] / f"{file}.csv").open(newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    return [row for row in rows if all(row[name] == value for name, value in fields.items())]


def posted(sample: Sample, **fields: str) -> list[tuple[str, str, str]]:
    """Return night, net and tax of every adjustment with these values, as finance imports them night by night."""
    return [
        (night, row["net"], row["tax"]) for night in NIGHTS for row in imported(sample, night, "adjustments", **fields)
    ]


def letter(sample: Sample, night: str, account: str) -> str:
    """Return the letter that care sends to an account."""
    (row,) = imported(sample, night, "notices", account_id=account)
    return row["body"]


def test_p1_a_better_price_reaches_existing_customers_without_asking(sample: Sample) -> None:
    # `net` fell from 8.30 to 6.90 on 1 June; Ana's June and 15 of 31 days of Bruno's cycle were billed at the old price.
    improved = {
        row["account_id"]: row["net"]
        for row in imported(sample, "2026-07-01", "adjustments", rule="tariff_improvement")
    }
    assert improved == {"C01": "1.40", "C02": "0.68", "C10": "5.00"}
    assert "el precio nuevo vale para usted sin que tenga que pedirlo" in letter(sample, "2026-07-01", "C01")
    # Provisioning is told whom to move, until its export shows that they were moved.
    ordered = [
        {
            row["subscription_id"]: (row["from_version"], row["to_version"])
            for row in imported(sample, night, "tariff_changes")
        }
        for night in ("2026-07-01", "2026-07-02")
    ]
    assert ordered[0] == dict.fromkeys(("S-ANA", "S-BRU-NET", "S-IRE", "S-JAI", "S-KAR"), ("1", "2"))
    assert ordered[1] == {"S-JAI": ("1", "2")}
    # A price of 15 September is ordered ahead of it, on 28 August: existing customers first.
    (ahead,) = imported(sample, "2026-08-28", "tariff_changes")
    assert (ahead["subscription_id"], ahead["to_version"], ahead["effective_from"]) == ("S-JAI", "3", "2026-09-15")
    # Everybody is told of the best price: under `net` Karla's bill would have been 9.90 - 8.30 = 1.60 less.
    (advice,) = imported(sample, "2026-03-01", "tariff_advice")
    assert (advice["account_id"], advice["to_tariff"], advice["difference"]) == ("C11", "net", "1.60")


def test_p2_after_an_outage_every_internet_customer_is_credited_on_the_next_open_bill(sample: Sample) -> None:
    # 65 minutes on 25 August, known on the 29th, too late for the August bill: 10 % of 6.90 on September's. Bruno's
    # cycle ends on 16 September, so his bill is still open. Nobody had to call.
    discounts = {
        (row["account_id"], row["bill_period"], row["net"], row["gross"])
        for row in imported(sample, "2026-08-29", "bill_discounts")
    }
    assert discounts == {
        ("C01", "2026-09-01", "0.69", "0.83"),
        ("C02", "2026-08-16", "0.69", "0.83"),
        ("C11", "2026-09-01", "0.69", "0.83"),
    }
    # By law 65 of 44,640 minutes of 6.90 would be 0.01: the letter says both.
    said = letter(sample, "2026-08-29", "C01")
    assert "el 10 % de su cuota de Internet de 6,90 € son 0,69 €" in said
    assert "por el tiempo sin servicio serían 0,01 €" in said
    assert "tanto si lo notó como si no" in said


def test_p3_a_small_complaint_is_right_by_default_and_after_45_days_for_good(sample: Sample) -> None:
    # Carla and Darius dispute 9.90 on 1 March: the money is back that night.
    first = imported(sample, "2026-03-01", "adjustments", rule="dispute_refund", account_id="C03")
    assert [(row["bucket"], row["gross"], row["deadline"]) for row in first] == [("provisional", "11.98", "2026-04-15")]
    assert "tenemos 45 días, hasta el 15 de abril de 2026" in letter(sample, "2026-03-01", "C03")
    # Carla hears the explanation on day 45, and the letter carries it; Darius on day 46, which is too late.
    assert posted(sample, claim="dispute_refund|R-0001|F26/0001|2") == [
        ("2026-03-01", "9.90", "2.08"),
        ("2026-04-15", "-9.90", "-2.08"),
    ]
    assert "Esta es la explicación: «" in letter(sample, "2026-04-15", "C03")
    assert posted(sample, claim="dispute_refund|R-0002|F26/0002|2", bucket="final") == [("2026-04-16", "9.90", "2.08")]
    late = letter(sample, "2026-04-16", "C04")
    assert "We took too long, so the money is yours for good: €9.90 plus €2.08 tax, €11.98 in all." in late


def test_p4_errors_are_corrected_and_compensated_without_being_asked(sample: Sample) -> None:
    # Three bills of 250.00 for a flat rate that was not activated; 11.21 each was right: she keeps paying 33.63.
    night = "2026-09-02"
    corrected = imported(sample, night, "adjustments", rule="billing_error", account_id="C12")
    assert [row["net"] for row in corrected] == ["238.79"] * 3
    assert 3 * Decimal("250.00") - sum(Decimal(row["net"]) for row in corrected) == Decimal("33.63")
    on_top = imported(sample, night, "bill_discounts", account_id="C12")
    assert [(row["net"], row["tax"]) for row in on_top] == [("23.88", "0.00")] * 3
    # She is on a debtor list over the first bill, of which 11.21 and its tax are left: that is undone.
    orders = imported(sample, night, "collection_orders")
    assert [(row["order"], row["account_id"], row["left_gross"]) for row in orders] == [("delist", "C12", "13.56")]
    # And she never complained.
    assert not any(imported(sample, one, "holds", account_id="C12") for one in NIGHTS)


def test_p5_what_was_promised_is_what_is_charged(sample: Sample) -> None:
    # A telephone promised at 0.00 and billed at 149.00 a month later: all of it goes back, and 10 % on top.
    assert posted(sample, rule="promised_price", account_id="C08") == [("2026-04-15", "149.00", "31.29")]
    assert posted(sample, rule="error_indemnity", account_id="C08") == [("2026-04-15", "14.90", "0.00")]
    (entry,) = imported(sample, "2026-04-15", "adjustments", rule="promised_price", account_id="C08")
    assert json.loads(entry["evidence"])["proof"] == "supplier's zero-cost invoice P-0000"
    # His line was cut to force the payment: it is to be reconnected, until the export shows that it was.
    (order,) = imported(sample, "2026-04-15", "collection_orders")
    assert (order["order"], order["subscription_id"], order["left_gross"]) == ("reconnect", "S-HUG", "0.00")
    assert imported(sample, "2026-04-16", "collection_orders") == []


def test_p6_leaving_or_changing_tariff_costs_nothing(sample: Sample) -> None:
    assert posted(sample, rule="no_lock_in") == [("2026-04-15", "5.00", "1.05"), ("2026-08-28", "75.00", "15.75")]
    assert "With us that costs nothing, so we give you back all of it" in letter(sample, "2026-04-15", "C11")
    assert "Con nosotros eso no cuesta nada" in letter(sample, "2026-08-28", "C09")


def test_p7_calling_customer_care_is_never_charged(sample: Sample) -> None:
    # Bruno's bill asks 1.20 for a call to care; 0.50 were given back by hand before: 0.70, and 10 % of 1.20.
    assert posted(sample, invoice_id="F26/0007") == [("2026-03-01", "0.70", "0.15"), ("2026-03-01", "0.12", "0.00")]
    config = root(sample) / "nights" / "2026-03-01" / "billadjust.toml"
    story = program("explain", "F26/0007", "--language", "en", "--config", config).out
    assert "2026-01-27 10:00: zone care, band -, units 0 min, rate free, charged 1.20, due 0.00, too much 1.20" in story
    for night in NIGHTS:
        for row in imported(sample, night, "notices"):
            assert (
                "calling customer care is always free" in row["body"]
                or "llamar a atención al cliente es siempre gratis" in row["body"]
            )


def test_p8_nobody_is_dunned_cut_off_or_listed_over_money_in_dispute(sample: Sample) -> None:
    # Gloria's 181.50 are too much for an automatic refund, but nobody may collect them.
    for night in ("2026-03-01", "2026-03-05", "2026-03-10"):
        (hold,) = imported(sample, night, "holds", account_id="C07")
        assert (hold["invoice_id"], hold["amount_gross"], hold["until"]) == ("F26/0006", "181.50", "")
    # Her line was cut over that bill on 4 March: reconnect, ordered each night until it was done.
    for night in ("2026-03-05", "2026-03-10"):
        (order,) = imported(sample, night, "collection_orders")
        assert (order["order"], order["subscription_id"], order["left_gross"]) == ("reconnect", "S-GLO", "0.00")
    assert imported(sample, "2026-04-15", "collection_orders", account_id="C07") == []
    # Every small complaint holds its amount from the night on which it is known until it is decided.
    held = {row["dispute_id"]: (row["amount_gross"], row["until"]) for row in imported(sample, "2026-03-01", "holds")}
    assert held["R-0001"] == ("11.98", "2026-04-15")
    assert held["R-0003"] == ("24.20", "2026-04-15")
    assert imported(sample, "2026-04-15", "holds", dispute_id="R-0001") == []


def test_p9_every_cent_is_told_in_plain_words_and_can_be_explained(sample: Sample) -> None:
    for night in NIGHTS:
        entries = imported(sample, night, "adjustments")
        letters = {row["account_id"]: row for row in imported(sample, night, "notices")}
        # Everybody for whom something was posted gets one letter, and its total is what was posted.
        sums: dict[str, Decimal] = {}
        for row in entries:
            sums[row["account_id"]] = sums.get(row["account_id"], Decimal(0)) + Decimal(row["gross"])
            assert row["explanation"]
            assert row["policy_ref"]
            figures = json.loads(row["evidence"])
            assert Decimal(figures["owed"]) - Decimal(figures["posted"]) == Decimal(row["net"])
        assert {account: Decimal(row["gross"]) for account, row in letters.items()} == sums
    # Whatever an agent is asked about, one command tells the story.
    config = root(sample) / "nights" / NIGHTS[-1] / "billadjust.toml"
    for name in ("C12", "F26/0017", "billing_error|F26/0017|1", "billing_error|F26/0017|1|final|1"):
        told = program("explain", name, "--config", config)
        assert told.code == 0, told
        assert "según su contrato (flat/1) sus llamadas, mensajes y datos, 3 registros, cuestan 11,21 €" in told.out


def test_desired_state_files_are_complete_every_night_and_say_the_same_twice(sample: Sample) -> None:
    # Importing a night's file twice is importing it once: each row has a key that appears once.
    keys = {
        "holds": ("dispute_id",),
        "tariff_changes": ("subscription_id",),
        "collection_orders": ("order", "account_id", "subscription_id"),
        "tariff_advice": ("subscription_id",),
    }
    for night in NIGHTS:
        for file, key in keys.items():
            found = [tuple(row[name] for name in key) for row in imported(sample, night, file)]
            assert len(found) == len(set(found)), (night, file)
    # A hold that is still open is there on the next night too.
    for before, after in pairwise(NIGHTS[:4]):
        gone = {row["dispute_id"] for row in imported(sample, before, "holds")} - {
            row["dispute_id"] for row in imported(sample, after, "holds")
        }
        assert gone <= {"R-0004", "R-0001", "R-0005"}
