"""Why a file or a signature is refused, in words for the one who sent it."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.firmware import minisign
from devices.firmware.kinds import Kind

_KINDS = {
    Kind.PDF: gettext_lazy("a PDF document"),
    Kind.PICTURE: gettext_lazy("a picture"),
    Kind.ARCHIVE: gettext_lazy("an archive; unpack it first"),
    Kind.WEB_PAGE: gettext_lazy("a web page; the download may have failed"),
    Kind.PROGRAM: gettext_lazy("a program for a computer"),
    Kind.TEXT: gettext_lazy("a text file"),
}


def empty() -> str:
    return _("The file is empty.")


def too_large(megabytes: int) -> str:
    return _("The file is larger than %(most)d MB, the most an image may have.") % {"most": megabytes}


def truncated(announced: int, counted: int) -> str:
    return _("The file is incomplete: it should have %(announced)d bytes and has %(counted)d.") % {
        "announced": announced,
        "counted": counted,
    }


def cut_archive() -> str:
    return _("The file is incomplete: the archive in it breaks off before its end.")


def unchecked() -> str:
    return _("The file could not be checked, though it was tried again and again. Upload it again.")


def no_checksum() -> str:
    return _("This is no SHA-256: it has 64 digits, 0 to 9 and a to f.")


def other_file(announced: str) -> str:
    return _("The file does not have the SHA-256 that was entered, %(announced)s.") % {"announced": announced}


def damaged() -> str:
    return _("The file is damaged or incomplete: the checksum at its end does not fit. Download it again.")


def wrong_type(kind: Kind) -> str:
    return _("This is not a firmware image but %(kind)s.") % {"kind": _KINDS[kind]}


def wrong_model(entered: list[str], meant: list[str]) -> str:
    return _("The image is for %(meant)s, not for %(entered)s.") % {
        "meant": ", ".join(meant),
        "entered": ", ".join(entered),
    }


def no_hardware() -> str:
    return _("The image does not say which hardware it is for. Upload it again and name the hardware.")


def no_version() -> str:
    return _("The image does not say which version it is. Upload it again and enter the version.")


def above_itself(version: str, minimum: str) -> str:
    return _("%(version)s is older than %(minimum)s, which is said to be needed before it.") % {
        "version": version,
        "minimum": minimum,
    }


def duplicate(version: str) -> str:
    if not version:
        return _("The very same file is here already.")
    return _("The very same file is here already, as version %(version)s.") % {"version": version}


def missing() -> str:
    return _("The file is no longer in the storage. Upload it again.")


def bad_signature(refused: minisign.BadSignature) -> str:
    match refused.fault:
        case minisign.Fault.KEY:
            words = _("The signature is of the key %(key)s, which is not among those that are trusted here.")
            return words % {"key": refused.key_id}
        case minisign.Fault.FILE:
            return _("The signature does not fit the file: one was changed, or they do not belong together.")
        case minisign.Fault.COMMENT:
            return _("The signature's trusted comment was changed.")
    return _("This is not a signature that minisign makes.")
