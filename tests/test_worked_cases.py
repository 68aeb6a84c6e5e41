"""The worked cases of docs/rules.md §10 that need the whole program: files in, files out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from operator_case import Row, Tables, dispute, invoice, posted, rows_of, tariff, write_operator

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE: Final = 1 << 20


def customer(tariff_id: str, *versions: Row, **tables: list[Row]) -> Tables:
    """Make an operator with one customer A, whose line S has had a tariff since 1 January 2026."""
    return {
        "accounts": [{"account_id": "A", "language": "en"}],
        "subscriptions": [
            {"subscription_id": "S", "valid_from": "2026-01-01", "account_id": "A", "tariff_id": tariff_id}
        ],
        "tariffs": list(versions),
        **tables,
    }


def bill(invoice_id: str, line_no: int, kind: str, net: str, **more: object) -> Row:
    """Make an invoice line of S with 21 % tax."""
    own = {"invoice_id": invoice_id, "line_no": line_no, "kind": kind, "subscription_id": "S", "net_amount": net}
    return own | {"tax_rate": "21"} | more


def rate(tariff_id: str, service: str, price: str, per: int, increment: int) -> Row:
    """Make a rate for all zones."""
    return {
        "tariff_id": tariff_id,
        "version": 1,
        "service": service,
        "zone": "*",
        "price": price,
        "per": per,
        "first_increment": increment,
        "increment": increment,
    }


def cdr(cdr_id: str, service: str, day: str, quantity: int, **billed: str) -> Row:
    """Make a CDR of S at noon; `billed` is its charge and its invoice."""
    return {
        "cdr_id": cdr_id,
        "subscription_id": "S",
        "service": service,
        "started_at": f"{day}T12:00:00",
        "zone": "home",
        "quantity": quantity,
        **billed,
    }


def entries(run: Path) -> list[str]:
    """Return what a run posted: claim, bucket, kind, net and tax."""
    return sorted(
        f"{row['claim']} {row['bucket']} {row['kind']} {row['net']} + {row['tax']}"
        for row in rows_of(run / "adjustments.csv")
    )


def test_worked_case_3_three_bills_of_a_flat_rate_that_was_not_activated(tmp_path: Path) -> None:
    # 19 MB at 0.59 are 11.21: 250.00 - 11.21 = 238.79 goes back on each bill, 716.37 in all; she pays 33.63.
    months = {"I6": ("2026-06", "2026-07"), "I7": ("2026-07", "2026-08"), "I8": ("2026-08", "2026-09")}
    periods = {one: {"period_start": f"{month}-01", "period_end": f"{end}-01"} for one, (month, end) in months.items()}
    tables = customer(
        "flat",
        tariff("flat", 1, "2026-01-01", "0.00"),
        rates=[rate("flat", "data", "0.59", MEGABYTE, 1024)],
        invoices=[invoice(one, "A", f"{end}-01", "250.00", **periods[one]) for one, (_, end) in months.items()],
        invoice_lines=[bill(one, 1, "usage", "250.00", service="data") for one in months],
        cdrs=[
            cdr(f"C{one}", "data", f"{month}-10", 19 * MEGABYTE, charged="250.00", invoice_id=one)
            for one, (month, _) in months.items()
        ],
        collections=[
            {
                "event_id": "E",
                "account_id": "A",
                "invoice_id": "I6",
                "kind": "debtor_listing",
                "happened_on": "2026-08-20",
            }
        ],
    )
    run = posted(write_operator(tmp_path, tables), "2026-09-02")
    assert entries(run) == [
        *(f"billing_error|{one}|1 final credit 238.79 + 50.15" for one in months),
        *(f"error_indemnity|{one}|1 final credit 23.88 + 0.00" for one in months),
    ]
    # 302.50 - 288.94 = 13.56: what is right, and its tax.
    (order,) = rows_of(run / "collection_orders.csv")
    assert (order["order"], order["invoice_id"], order["left_gross"]) == ("delist", "I6", "13.56")
    # Once the export says that she was taken off the list, nothing is ordered any more.
    done = tables["collections"][0] | {"event_id": "F", "kind": "debtor_delisting", "happened_on": "2026-09-02"}
    tables["collections"].append(done)
    again = posted(write_operator(tmp_path, tables), "2026-09-03")
    assert (entries(again), rows_of(again / "collection_orders.csv")) == ([], [])


def test_worked_case_5_an_error_found_in_a_disputed_line_that_is_then_explained(tmp_path: Path) -> None:
    # The call arrives on 5 March: 59 minutes at 0.10 are 5.90 of the 9.90 that were charged.
    february = {"period_start": "2026-02-01", "period_end": "2026-03-01"}
    tables = customer(
        "talk",
        tariff("talk", 1, "2026-01-01", "12.00", "0.00"),
        rates=[rate("talk", "voice", "0.10", 60, 60)],
        invoices=[invoice("I", "A", "2026-03-01", "9.90", **february)],
        invoice_lines=[bill("I", 1, "usage", "9.90", service="voice")],
        disputes=[dispute("D", "I", "2026-03-01", account_id="A", line_no=1)],
    )
    first = posted(write_operator(tmp_path, tables), "2026-03-01")
    assert entries(first) == ["dispute_refund|D|I|1 provisional credit 9.90 + 2.08"]
    tables["cdrs"] = [cdr("C", "voice", "2026-02-10", 59 * 60, charged="9.90", invoice_id="I")]
    second = posted(write_operator(tmp_path, tables), "2026-03-05")
    assert entries(second) == [
        "billing_error|I|1 final credit 4.00 + 0.84",
        "dispute_refund|D|I|1 provisional reclassification -4.00 + -0.84",
        "error_indemnity|I|1 final credit 0.40 + 0.00",
    ]
    explained = {"status": "explained", "resolved_on": "2026-03-10", "explanation": "A call of 59 minutes."}
    tables["disputes"] = [tables["disputes"][0] | explained]
    third = posted(write_operator(tmp_path, tables), "2026-03-10")
    assert entries(third) == ["dispute_refund|D|I|1 provisional reversal -5.90 + -1.24"]


def test_worked_case_9_a_handset_promised_at_zero(tmp_path: Path) -> None:
    tables = customer(
        "talk",
        tariff("talk", 1, "2026-01-01", "12.00", "0.00"),
        invoices=[invoice("I", "A", "2026-07-01", "149.00")],
        invoice_lines=[bill("I", 1, "device", "149.00", item="handset")],
        promises=[
            {
                "promise_id": "P",
                "account_id": "A",
                "item": "handset",
                "price": "0.00",
                "valid_from": "2026-05-15",
                "valid_to": "2026-06-01",
                "evidence": "zero-cost invoice 17",
            }
        ],
        collections=[
            {
                "event_id": "E",
                "account_id": "A",
                "subscription_id": "S",
                "invoice_id": "I",
                "kind": "suspension",
                "happened_on": "2026-07-10",
            }
        ],
    )
    run = posted(write_operator(tmp_path, tables), "2026-07-11")
    assert entries(run) == [
        "error_indemnity|I|1 final credit 14.90 + 0.00",
        "promised_price|I|1 final credit 149.00 + 31.29",
    ]
    (order,) = rows_of(run / "collection_orders.csv")
    assert (order["order"], order["subscription_id"], order["left_gross"]) == ("reconnect", "S", "0.00")


def test_worked_case_10_every_rule_takes_what_those_before_it_left(tmp_path: Path) -> None:
    # Line 1: an exit fee. Line 2: 30.00 where 20.00 were due, and 15.00 since the price fell. Line 3: 200 minutes at
    # 0.10 are 20.00, charged 30.00 and promised at 18.00.
    tables = customer(
        "talk",
        tariff("talk", 1, "2026-01-01", "20.00", "0.00"),
        tariff("talk", 2, "2026-06-01", "15.00", "0.00"),
        rates=[rate("talk", "voice", "0.10", 60, 60), rate("talk", "voice", "0.10", 60, 60) | {"version": 2}],
        invoices=[invoice("I", "A", "2026-07-01", "135.00")],
        invoice_lines=[
            bill("I", 1, "exit_fee", "75.00"),
            bill("I", 2, "recurring", "30.00"),
            bill("I", 3, "usage", "30.00", service="voice", item="calls"),
        ],
        cdrs=[cdr("C", "voice", "2026-06-10", 200 * 60, charged="30.00", invoice_id="I")],
        promises=[
            {
                "promise_id": "P",
                "account_id": "A",
                "item": "calls",
                "price": "18.00",
                "valid_from": "2026-01-01",
                "evidence": "offer of 2 January",
            }
        ],
    )
    first = posted(write_operator(tmp_path, tables), "2026-07-02")
    assert entries(first) == [
        "billing_error|I|2 final credit 10.00 + 2.10",
        "billing_error|I|3 final credit 10.00 + 2.10",
        "error_indemnity|I|2 final credit 1.00 + 0.00",
        "error_indemnity|I|3 final credit 1.20 + 0.00",
        "no_lock_in|I|1 final credit 75.00 + 15.75",
        "promised_price|I|3 final credit 2.00 + 0.42",
        "tariff_improvement|I|2 final credit 5.00 + 1.05",
    ]
    tables["disputes"] = [dispute("D", "I", "2026-07-03", account_id="A", line_no=2)]
    second = posted(write_operator(tmp_path, tables), "2026-07-03")
    assert entries(second) == ["dispute_refund|D|I|2 provisional credit 15.00 + 3.15"]


def test_worked_case_11_a_month_billed_on_two_invoices(tmp_path: Path) -> None:
    tables = customer(
        "net",
        tariff("net", 1, "2026-01-01", "9.90"),
        invoices=[invoice("I", "A", "2026-07-01", "9.90"), invoice("J", "A", "2026-07-05", "9.90")],
        invoice_lines=[bill("I", 1, "recurring", "9.90"), bill("J", 1, "recurring", "9.90")],
    )
    run = posted(write_operator(tmp_path, tables), "2026-07-06")
    assert entries(run) == [
        "billing_error|J|1 final credit 9.90 + 2.08",
        "error_indemnity|J|1 final credit 0.99 + 0.00",
    ]
    (letter,) = rows_of(run / "notices.csv")
    assert (
        "for days that were already on your invoice I. What you still owed for those days is €0.00." in letter["body"]
    )


def test_what_was_charged_too_little_is_told_to_operators_and_never_billed(tmp_path: Path) -> None:
    # 9.89 for a fee of 9.90.
    tables = customer(
        "net",
        tariff("net", 1, "2026-01-01", "9.90"),
        invoices=[invoice("I", "A", "2026-07-01", "9.89")],
        invoice_lines=[bill("I", 1, "recurring", "9.89")],
    )
    run = posted(write_operator(tmp_path, tables), "2026-07-06")
    assert entries(run) == []
    (item,) = rows_of(run / "review.csv")
    assert (item["topic"], item["invoice_id"], item["amount"]) == ("undercharged", "I", "0.01")
    assert "never billed" in item["message"]
    assert rows_of(run / "notices.csv") == []
