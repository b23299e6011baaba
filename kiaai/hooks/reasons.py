"""Why a try failed: kept in a few words of ours, said in the reader's language."""

from kiaai.texts import Text, lazy

LONGEST = 500


def reason_of(error: str | None, status: int | None) -> Text | None:
    """Return what to tell of an error that was kept: `kind: detail`. status: of HTTP."""
    if not error:
        return None
    kind, _, detail = error.partition(": ")
    if kind == "answered":
        return lazy("It answered %(status)s. Only 200 to 299 counts as received.", status=str(status))
    if kind == "redirected":
        return lazy("It answered with a redirect. Enter the address where that leads.")
    if kind == "not_reached":
        return lazy("It could not be reached (%(detail)s).", detail=detail)
    if kind == "no_answer":
        return lazy("It did not answer within 10 seconds (%(detail)s).", detail=detail)
    if kind == "not_tried":
        return lazy("It was not tried: for 24 hours nothing had been received there.")
    if kind == "not_found":
        return lazy("%(host)s cannot be found. Check the name.", host=detail)
    if kind == "not_public":
        return lazy("It leads to %(address)s, which is not a public address.", address=detail)
    return lazy("The address cannot be used.")


def kept(kind: str, detail: str) -> str:
    """Return an error as it is kept."""
    return f"{kind}: {detail}"[:LONGEST]
