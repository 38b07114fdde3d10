"""What can go wrong with a backup, in words for whoever asked for it."""


class BackupError(Exception):
    """Could not be done; the message says why and what to do. Never holds a password."""


class BackupIncomplete(BackupError):
    """The dump ended too early."""


class BackupRefused(BackupError):
    """Was not even begun: it would harm, or something has to be set up first."""


class NoSuchBackup(BackupError):
    """No manifest of this name."""


class BackupBroken(BackupError):
    """What is stored is not what was written: cut off, altered, out of order, or for another key."""
