"""Which browsers a person is signed in with, noted often enough and not at every request."""

import time
from collections.abc import Callable

from allauth.usersessions.middleware import UserSessionsMiddleware
from django.http import HttpRequest, HttpResponseBase

# django-allauth would note it with five statements at each request, polling of live parts included.
NOTE_EVERY = 300  # seconds
_NOTED = "session_noted_at"


class NoteSession(UserSessionsMiddleware):  # type: ignore[misc]
    """Notes address and browser of a session at its first request and then every five minutes."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.user.is_authenticated or not _due(request):
            return self.get_response(request)
        request.session[_NOTED] = int(time.time())
        return super().__call__(request)  # type: ignore[no-any-return]


def _due(request: HttpRequest) -> bool:
    noted = request.session.get(_NOTED, 0)
    return not 0 <= time.time() - noted < NOTE_EVERY
