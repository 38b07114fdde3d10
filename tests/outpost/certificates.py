"""A certificate authority for one test: servers and access points with certificates that last an hour."""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """Writes PEM files into a directory: its own ``ca`` and what it issues."""

    def __init__(self, directory: Path, name: str = "Test CA") -> None:
        self.directory = directory
        self.directory.mkdir(exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        basic = x509.BasicConstraints(ca=True, path_length=0)
        certificate = self._builder(self.name, self.key.public_key()).add_extension(basic, critical=True)
        self.file = self._write("ca.pem", certificate.sign(self.key, hashes.SHA256()))

    def issue(
        self, common_names: list[str], organisation: str = "", stem: str = "", seconds: float = 3600
    ) -> tuple[Path, Path]:
        """A certificate for these CNs, valid for localhost and 127.0.0.1 too: (certificate, key) files.

        It expires in so many seconds from now; down to -240, some minutes ago then.
        """
        names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)] if organisation else []
        names += [x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common_names]
        key = ec.generate_private_key(ec.SECP256R1())
        here = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        builder = self._builder(x509.Name(names), key.public_key(), seconds).add_extension(
            here, critical=False
        )
        stem = stem or "-".join(common_names) or "nameless"
        certificate = self._write(f"{stem}.pem", builder.sign(self.key, hashes.SHA256()))
        return certificate, self._write_key(f"{stem}.key", key)

    def _builder(
        self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey, seconds: float = 3600
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(seconds=seconds))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )

    def _write(self, name: str, certificate: x509.Certificate) -> Path:
        file = self.directory / name
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return file

    def _write_key(self, name: str, key: ec.EllipticCurvePrivateKey) -> Path:
        file = self.directory / name
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
        return file
