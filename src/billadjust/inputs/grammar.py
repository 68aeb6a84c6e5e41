"""How the text of a cell is written, for every kind of column: its value, and what to say if it is wrong.

A cell is checked by its shape first and converted afterwards, because parsers are kinder than they should be: they
read `1e3`, `2026-1-5` and ` 5`, and they round what has too many decimals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.inputs.style import ISO_DATE, Style
from billadjust.money import MAX_MINOR, as_decimal, to_text
from billadjust.phrases import phrase
from billadjust.schemas import MAX_PRICE, MAX_QUANTITY, Kind

if TYPE_CHECKING:
    from billadjust.schemas import Column

IDENTIFIER: Final = r"[^|\p{Cc}\s](?:[^|\p{Cc}]{0,62}[^|\p{Cc}\s])?"
CLOCK: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
SECONDS: Final = r":[0-5][0-9](?:\.[0-9]{1,6})?"
OFFSET: Final = r"(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)"
_UNMAPPED: Final = "nor mapped to one with `words` in the configuration"


def value(column: Column, text: pl.Expr, style: Style) -> pl.Expr:
    """Return what a cell means, in the unit of its kind; null where it breaks a rule of its column, or is empty."""
    return _within(column, _read(column, text, style), style)


def native_value(column: Column, cell: pl.Expr, dtype: pl.DataType, style: Style) -> pl.Expr | None:
    """Return the same for a cell that is no text: what its text would mean; None if only that tells."""
    scale = _scale(column, style)
    if isinstance(dtype, pl.Datetime):
        return cell
    if isinstance(dtype, pl.Decimal):
        decimals, whole = dtype.scale, cell.to_physical()
    elif dtype.is_integer():
        decimals, whole = 0, cell
    else:
        return None
    if scale is None or decimals > scale:
        return None
    # what fits 64 bits is multiplied in 128
    exact = whole.cast(pl.Int64, strict=False).cast(pl.Int128) * 10 ** (scale - decimals)
    return _within(column, exact.cast(pl.Int64, strict=False), style)


def _within(column: Column, read: pl.Expr, style: Style) -> pl.Expr:
    """Leave out numbers beyond the bounds of their column."""
    broken = [wrong for wrong, _ in _bounds(column, read, style)]
    return pl.when(~pl.any_horizontal(broken)).then(read) if broken else read


def reason(column: Column, text: pl.Expr, style: Style) -> pl.Expr:
    """Return in words which rule a cell breaks; null where it breaks none."""
    missing = pl.lit("a value is required" if column.required else None, dtype=pl.String)
    rules = [*_shapes(column, text, style), *_bounds(column, _read(column, text, style), style)]
    # the first that applies
    words = pl.coalesce(pl.when(wrong).then(pl.lit(why)) for wrong, why in rules)
    return pl.when(is_missing(text)).then(missing).otherwise(words)


def default(column: Column, style: Style) -> pl.Expr:
    """What an empty cell of the column means."""
    plain = Style(style.digits, style.timezone)
    return pl.lit(pl.select(value(column, pl.lit(column.default, dtype=pl.String), plain)).item(), dtype=column.dtype)


def is_missing(text: pl.Expr) -> pl.Expr:
    """Whether a cell of text is empty; quoted or not is the same."""
    return text.is_null() | (text == "")


def _scale(column: Column, style: Style) -> int | None:
    """How many decimals the numbers of a column may have; None: it does not hold numbers."""
    return {Kind.MONEY: style.digits, Kind.MICRO: 6, Kind.PERCENT: 4, Kind.INTEGER: 0}.get(column.kind)


def _bounds(column: Column, read: pl.Expr, style: Style) -> list[tuple[pl.Expr, str]]:
    """What a converted number must not be, and how to say so."""
    scale = _scale(column, style)
    if scale is None:
        return []
    low, high = (None if bound is None else bound * 10**scale for bound in (column.minimum, column.maximum))
    exact = "than billadjust computes exactly"
    bounds = []
    if low is not None:
        technical = column.minimum in {-MAX_PRICE, -MAX_QUANTITY}
        least = f"smaller {exact} (at least {column.minimum})" if technical else f"must be at least {column.minimum}"
        bounds.append((read < low, "must not be negative" if column.minimum == 0 else least))
    if column.above_zero:
        bounds.append((read <= 0, "must be above 0"))
    if high is not None:
        technical = column.maximum in {MAX_PRICE, MAX_QUANTITY}
        bounds.append(
            (
                read > high,
                f"larger {exact} (at most {column.maximum})" if technical else f"must be at most {column.maximum}",
            )
        )
    if column.kind is Kind.MONEY:
        most = as_decimal(MAX_MINOR - 1, style.digits)
        bounds.append((read >= MAX_MINOR, f"larger {exact} (at most {most})"))
        bounds.append((read <= -MAX_MINOR, f"smaller {exact} (at least -{most})"))
    return bounds


def _read(column: Column, text: pl.Expr, style: Style) -> pl.Expr:
    """Convert a cell whose shape is right; null where it is not."""
    scale = _scale(column, style)
    if scale is not None:
        return _number(text, scale, style, fraction=column.kind is not Kind.INTEGER)
    match column.kind:
        case Kind.DATE | Kind.TIMESTAMP:
            return _date(text, style) if column.kind is Kind.DATE else _timestamp(text, style)
        case Kind.TIME:
            return _time(text)
        case Kind.ENUM | Kind.BOOLEAN:
            return _word(column, text, style)
        case Kind.DIGITS:
            return pl.when(_is_word(column, text)).then(text.str.strip_prefix("+"))
        case _:
            return pl.when(_is_word(column, text)).then(text)


def _word(column: Column, text: pl.Expr, style: Style) -> pl.Expr:
    """Return our word for the file's, which the configuration may say; null for any other word."""
    words = style.words.get(column.name)
    meant = text.replace(words) if words else text
    if column.kind is Kind.ENUM:
        return pl.when(meant.is_in(column.words)).then(meant)
    lower = meant.str.to_lowercase()
    return pl.when(lower.is_in(column.words)).then(lower == "true")


def _is_word(column: Column, text: pl.Expr) -> pl.Expr:
    """Whether a cell that stays text has the shape of its kind."""
    names = text.str.contains(rf"^{IDENTIFIER}(?:\|{IDENTIFIER})*$") & ~text.str.contains(r"(?:^|\|)\*(?:\||$)")
    shapes = {
        Kind.TEXT: text != "",
        Kind.IDENTIFIER: text.str.contains(f"^{IDENTIFIER}$"),
        Kind.IDENTIFIERS: (text == "*") | names,
        Kind.DIGITS: text.str.contains(f"^{r'[+]?' if column.plus else ''}[0-9]{{1,15}}$"),
    }
    return shapes[column.kind]


def _shapes(column: Column, text: pl.Expr, style: Style) -> list[tuple[pl.Expr, str]]:
    """What a cell's text must not look like, most telling first, and how to say so."""
    scale = _scale(column, style)
    if scale is not None:
        return _number_shapes(column, text, scale, style)
    if column.kind in {Kind.DATE, Kind.TIMESTAMP}:
        return _date_shapes(column, text, style)
    unread = _read(column, text, style).is_null()
    return [
        (
            unread,
            {
                Kind.IDENTIFIER: "not an identifier: 1 to 64 characters without `|`, control characters or surrounding blanks",
                Kind.IDENTIFIERS: "not identifiers joined by `|` (each without surrounding blanks), nor `*`",
                Kind.ENUM: f"not one of {', '.join(column.values)}, {_UNMAPPED}",
                Kind.BOOLEAN: f"not true or false, {_UNMAPPED}",
                Kind.TIME: "not a time of day such as 08:00 (or 24:00 for the end of the day)",
                Kind.DIGITS: f"not 1 to 15 digits ({'a leading + is allowed' if column.plus else 'without +'})",
            }.get(column.kind, "cannot be read"),
        )
    ]


def _point(style: Style) -> str:
    """The decimal point as a regular expression."""
    return "," if style.decimal_comma else r"\."


def _number(text: pl.Expr, scale: int, style: Style, *, fraction: bool) -> pl.Expr:
    """Int64 of a decimal text times 10^scale; zeros beyond the scale are fine. Null beyond 64 bits."""
    decimals = f"[0-9]{{1,{scale}}}0*" if scale else "0+"
    shape = f"^-?[0-9]+(?:{_point(style)}{decimals})?$" if fraction else "^-?[0-9]+$"
    digits = text.str.replace(",", ".", literal=True) if style.decimal_comma else text
    exact = pl.when(text.str.contains(shape)).then(digits).cast(pl.Decimal(38, scale), strict=False)
    return exact.to_physical().cast(pl.Int64, strict=False)


def _number_shapes(column: Column, text: pl.Expr, scale: int, style: Style) -> list[tuple[pl.Expr, str]]:
    fraction = column.kind is not Kind.INTEGER
    number = f"^-?[0-9]+(?:{_point(style)}[0-9]+)?$" if fraction else "^-?[0-9]+$"
    example = ("1234,56" if style.decimal_comma else "1234.56") if scale else "1234"
    plain = f"not a number such as {example}" if fraction else "not a whole number"
    surplus = f"^-?[0-9]+{_point(style)}[0-9]{{{scale}}}[0-9]*[1-9]"
    large = _number(text, scale, style, fraction=fraction).is_null() & text.str.contains(number)
    shapes = [(~text.str.contains(number), plain)]
    if fraction:
        shapes.append(
            (text.str.contains(surplus), f"has more than {scale} decimals" if scale else "must have no decimals")
        )
    high = column.maximum if column.kind is not Kind.MONEY else as_decimal(MAX_MINOR - 1, style.digits)
    most = 2**63 - 1 if high is None else high
    return [
        *shapes,
        (large & ~text.str.starts_with("-"), f"larger than billadjust computes exactly (at most {most})"),
        (large, "smaller than billadjust computes exactly"),
    ]


def _date(text: pl.Expr, style: Style) -> pl.Expr:
    shaped = pl.when(text.str.contains(f"^{style.date_shape}$")).then(text)
    return shaped.str.to_date(style.date_format or "%Y-%m-%d", strict=False)


def _date_shapes(column: Column, text: pl.Expr, style: Style) -> list[tuple[pl.Expr, str]]:
    if column.kind is Kind.DATE:
        example = f"in the form {style.date_format}" if style.date_format else "such as 2026-08-25"
        return [
            (~text.str.contains(f"^{style.date_shape}$"), f"not a date {example}"),
            (_date(text, style).is_null(), "there is no such day in the calendar"),
        ]
    local, shaped = _local(text, style), text.str.contains(_timestamp_shape(style))
    earliest, latest = (
        local.dt.replace_time_zone(style.timezone, ambiguous=which, non_existent="null")
        for which in ("earliest", "latest")
    )
    return [
        (~shaped, "not a timestamp such as 2026-08-25T14:00:00+02:00"),
        (
            local.is_not_null() & earliest.is_null(),
            f"a local time that the clocks of {style.timezone} skip: write it with its offset",
        ),
        (earliest != latest, f"a local time that the clocks of {style.timezone} show twice: write it with its offset"),
        (_timestamp(text, style).is_null(), "there is no such day in the calendar"),
    ]


def _time(text: pl.Expr) -> pl.Expr:
    """Seconds since midnight."""
    shaped = pl.when(text.str.contains(rf"^(?:{CLOCK}(?::[0-5][0-9])?|24:00(?::00)?)$")).then(text)
    hours, minutes, seconds = (shaped.str.slice(start, 2).cast(pl.Int64, strict=False) for start in (0, 3, 6))
    return hours * 3600 + minutes * 60 + seconds.fill_null(0)


def _moments(style: Style) -> list[tuple[str, str]]:
    """The shapes of a local date and time, each with its strptime format."""
    dates = [(ISO_DATE, "%Y-%m-%d"), *([(style.date_shape, style.date_format)] if style.date_format else [])]
    clocks = [(CLOCK + SECONDS, "%H:%M:%S%.f"), (CLOCK, "%H:%M")]
    return [
        (f"{date}{between}{clock}", f"{date_format}{between}{clock_format}")
        for date, date_format in dates
        for between in "T "
        for clock, clock_format in clocks
    ]


def _timestamp_shape(style: Style) -> str:
    return f"^(?:{'|'.join(shape for shape, _ in _moments(style))}){OFFSET}?$"


def _local(text: pl.Expr, style: Style) -> pl.Expr:
    """The date and time on the wall, of a timestamp without an offset."""
    return pl.coalesce(
        pl.when(text.str.contains(f"^{shape}$")).then(text).str.to_datetime(form, strict=False, time_unit="us")
        for shape, form in _moments(style)
    )


def _timestamp(text: pl.Expr, style: Style) -> pl.Expr:
    """The instant, in UTC; null for a local time that the clock change skips or repeats."""
    # each format is tried only on cells of its shape, because failing to parse is slow
    instants = [
        pl.when(text.str.contains(f"^{shape}{OFFSET}$"))
        .then(text)
        .str.to_datetime(f"{form}%#z", strict=False, time_unit="us", time_zone="UTC")
        for shape, form in _moments(style)
    ]
    local = _local(text, style).dt.replace_time_zone(style.timezone, ambiguous="null", non_existent="null")
    return pl.coalesce(*instants, local.dt.convert_time_zone("UTC"))


def shown(column: Column, read: pl.Expr, style: Style) -> pl.Expr:
    """Write a converted value as people write it: 9,900,000 millionths are `9.9`, 990 minor units `9.90`, 28,800 seconds `08:00`."""
    scale = _scale(column, style)
    if scale:
        text = to_text(read, scale)
        return text if column.kind is Kind.MONEY else text.str.strip_chars_end("0").str.strip_suffix(".")
    if column.kind is Kind.TIME:
        return phrase("{}:{}", *[part.cast(pl.String).str.zfill(2) for part in (read // 3600, read // 60 % 60)])
    if column.kind is Kind.TIMESTAMP:
        return read.dt.to_string("%Y-%m-%dT%H:%M:%S%.fZ")
    return read.cast(pl.String)
