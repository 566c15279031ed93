"""Who may read the API, and what is said to those who may not."""

from django.conf import settings
from drf_spectacular.authentication import SessionScheme
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException
from rest_framework.permissions import BasePermission


class Gone(APIException):
    status_code = 410
    default_detail = "This claim was public and has been withdrawn."


class SignedIn(SessionAuthentication):
    """A desk session. Names itself as a challenge, so that who is not signed in is told 401 and not 403."""

    def authenticate_header(self, request):
        return "Session"


class SignedInScheme(SessionScheme):
    """How the schema tells of `SignedIn`: by registering itself."""

    target_class = SignedIn
    name = "session"

    def get_security_requirement(self, auto_schema):
        return [{}, {self.name: []}]


class AnyoneUnlessPrivate(BasePermission):
    def has_permission(self, request, view):
        return not settings.PRIVATE_SITE or request.user.is_authenticated
