"""Problem details (RFC 9457) for all that goes wrong under /api/, and one page in the house's dress for the rest."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

CONTENT_TYPE = "application/problem+json"
INVALID = "/api/docs/#invalid-request"


def problem(status: int, detail: str, errors: list[dict] | None = None) -> dict:
    """The members of a problem: type, title, status, detail and, for invalid input, errors that name their place."""
    body = {"type": INVALID if errors else "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    return {**body, "detail": detail, **({"errors": errors} if errors else {})}


def problem_response(error: Exception, context: dict) -> Response | None:
    """What REST framework answers to an error: the same status and headers, with a problem as its body."""
    response = exception_handler(error, context)
    if response is None:
        return None
    errors = None
    if isinstance(error, ValidationError):
        place = "parameter" if context["request"].method in ("GET", "HEAD", "OPTIONS") else "pointer"
        errors = list(_errors(error.detail, place))
        detail = " ".join(f"{item[place]}: {item['detail']}" for item in errors)
    else:
        detail = str(response.data.get("detail", HTTPStatus(response.status_code).phrase))
    response.data = problem(response.status_code, detail, errors)
    response.content_type = CONTENT_TYPE
    # Whatever the view gives, and whatever was accepted, a problem is JSON.
    context["request"].accepted_renderer, context["request"].accepted_media_type = JSONRenderer(), CONTENT_TYPE
    return response


def _errors(detail, place: str, path: tuple = ()):
    """Each message of a nested error with its place: a parameter's name, or a JSON pointer into the body."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from _errors(inner, place, path if key == "non_field_errors" else (*path, key))
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            yield from _errors(inner, place, (*path, number) if isinstance(inner, dict) and inner else path)
    else:
        pointer = "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
        yield {"detail": str(detail), place: pointer if place == "pointer" else str(path[0]) if path else ""}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, "The request cannot be understood.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, "You may not see or do this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Without the request in the template: whatever broke must not break this page too."""
    detail = "Something broke on our side. It was noted; nothing you sent was half done."
    if request.path.startswith("/api/"):
        return JsonResponse(problem(500, detail), status=500, content_type=CONTENT_TYPE)
    return HttpResponse(render_to_string("public/problem.html", problem(500, detail)), status=500)


def _answer(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse(problem(status, detail), status=status, content_type=CONTENT_TYPE)
    return render(request, "public/problem.html", problem(status, detail), status=status)
