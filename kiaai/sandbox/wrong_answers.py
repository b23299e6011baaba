"""The wrong answers that can be planned, as HTTP responses."""

from flask import Response, jsonify

from kiaai.sandbox.errors import GraphProblem
from kiaai.sandbox.faults import Answer
from kiaai.sandbox.http import CONNECTION_HEADER

HTML = (
    "<!DOCTYPE html>\n<html><head><title>Error</title></head>"
    "<body><h1>Sorry, something went wrong.</h1></body></html>"
)


def wrong_answer(answer: Answer) -> Response:
    """Return what a planned fault answers."""
    if answer.kind in ("error", "fail_later"):
        return _graph_error(answer)
    if answer.kind in ("bare", "html"):
        body = HTML if answer.kind == "html" else ""
        return Response(body, status=answer.status or 502, mimetype="text/html")
    if answer.kind == "garbage":
        return Response("<!-- \x00 {not json", status=200, mimetype="text/html")
    if answer.kind == "no_wamid":
        return jsonify({"messaging_product": "whatsapp", "contacts": [], "messages": []})
    response = Response("")
    # The server reads and removes this header: only it can break off a connection.
    response.headers[CONNECTION_HEADER] = "cut" if answer.kind == "cut" else f"silent {answer.seconds:g}"
    return response


def _graph_error(answer: Answer) -> Response:
    problem = GraphProblem(answer.code if answer.code is not None else 131000, http=answer.status)
    response = jsonify(problem.body())
    response.status_code = problem.http
    return response
