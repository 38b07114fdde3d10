from accounts.models.answer import Answer
from accounts.models.audit import AuditEntry
from accounts.models.invitation import Invitation
from accounts.models.membership import Membership, Role
from accounts.models.organisation import Organisation
from accounts.models.user import User

__all__ = ["Answer", "AuditEntry", "Invitation", "Membership", "Organisation", "Role", "User"]
