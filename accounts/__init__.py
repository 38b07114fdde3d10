"""WHO: users, organisations, memberships and roles, invitations, the audit log."""
