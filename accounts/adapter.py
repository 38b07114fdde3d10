"""What we tell django-allauth to do in our way: seal second factors, survive a mail server that is away."""

from functools import partial
from smtplib import SMTPException
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import unstash_login
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest, ImproperlyConfigured, ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.keyring import BrokenSecret, keyring

PRODUCT = "Aerie"
log = structlog.get_logger()


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Once what it tells of is committed: a request that is run again has sent nothing before."""
        send = partial(self._send, template_prefix, email, {**context, "product": PRODUCT})
        transaction.on_commit(send)

    def _send(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail that cannot be sent loses nobody their sign-up: every one can be asked for again.

        The words are the same whoever it was for, so that they tell nothing about accounts.
        """
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            log.error("mail.not_sent", template=template_prefix, error=type(error).__name__)
            words = _("The mail could not be sent just now. Please try again in a few minutes.")
            messages.error(self.request, words)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Raises ``BadRequest`` when the address cannot be known.

        Each of our proxies adds one to X-Forwarded-For; fewer than there are proxies is somebody who
        came past one of them, or TRUSTED_PROXIES counting too many.
        """
        try:
            return str(super().get_client_ip(request))
        except ImproperlyConfigured:
            log.warning("request.past_a_proxy", trusted_proxies=settings.TRUSTED_PROXIES)
            raise BadRequest("X-Forwarded-For has fewer addresses than there are proxies") from None

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """False, and nothing changed, when another account signs in with that address."""
        try:
            with transaction.atomic():
                return bool(super().confirm_email(request, email_address))
        except IntegrityError:
            return False


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Authenticator secrets and recovery code seeds are sealed for the user they belong to."""

    def encrypt(self, text: str) -> str:
        return keyring().seal(text, mfa_context(_whose(context.request)))

    def decrypt(self, encrypted_text: str) -> str:
        user = _whose(context.request)
        try:
            return keyring().open(encrypted_text, mfa_context(user))
        except BrokenSecret:
            log.error("mfa.broken_secret", user=user)
            raise ValidationError(
                _("This second factor can no longer be read. Use another one, or ask for help.")
            ) from None

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": PRODUCT}


def mfa_context(user_pk: object) -> str:
    """What the sealed second factors of a user are bound to: moved to another user, they do not open."""
    return f"mfa:{user_pk}"


def _whose(request: HttpRequest | None) -> object:
    """The user whose second factor is at hand: the one signed in, or half-way through signing in."""
    if request is not None and request.user.is_authenticated:
        return request.user.pk
    login = unstash_login(request, peek=True) if request is not None else None
    if login is None or login.user is None:
        raise ValidationError(_("Signing in took too long. Please start again."))
    return login.user.pk
