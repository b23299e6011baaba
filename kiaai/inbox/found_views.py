"""Messages that a search finds: asked for once, apart from the list, and never polled."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import login_required
from kiaai.inbox.found_messages import found_page
from kiaai.inbox.views import asked_list, bp


@bp.get("/inbox/conversations/found")
@login_required
def found_messages() -> ResponseReturnValue:
    """Answer the messages that hold the words, or those older than `before` of them."""
    wanted = asked_list()
    before_id = request.args.get("before", type=int)
    page = found_page(wanted.q, before_id if before_id and 0 < before_id < 2**63 else None)
    template = "inbox/_list_found_hits.html" if before_id else "inbox/_list_found.html"
    return render_template(template, page=page, wanted=wanted)
