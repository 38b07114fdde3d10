"""Client certificates, over real TLS."""

import datetime
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from devices.simulation.fleet import Fleet
from devices.simulation.identity import Identity
from devices.simulation.thread import FleetThread
from tests.devices.simulation.cloud import Cloud
from tests.devices.simulation.documents import SERIAL, device
from tests.devices.simulation.test_fleet import QUICK


class Authority:
    """A certificate authority that lives as long as one test module."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._signed("Test CA", self.key.public_key(), is_authority=True)
        self.path = directory / "ca.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> Path:
        """A file with certificate and key for `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        path = self.directory / f"{name}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        certificate = self._signed(name, key.public_key())
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
        return path

    def _signed(
        self, name: str, key: ec.EllipticCurvePublicKey, is_authority: bool = False
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(_named(name)).issuer_name(_named("Test CA"))
        builder = builder.public_key(key).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        return builder.sign(self.key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("pki"))
    made.issue(SERIAL)
    made.issue("localhost")
    return made


@pytest.fixture
def tls_cloud(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.directory / "localhost.pem")
    context.load_verify_locations(authority.path)
    context.verify_mode = ssl.CERT_REQUIRED
    server = Cloud(tls=context)
    yield server
    server.close()


def playing(cloud, options=QUICK, **identity) -> FleetThread:
    return FleetThread(Fleet(cloud.url, [device()], options, identity=Identity(**identity)))


def test_each_device_shows_its_own_certificate(tls_cloud, authority):
    with playing(
        tls_cloud, ca=authority.path, cert_dir=authority.directory, server_name="localhost"
    ) as running:
        running.wait_connected()
        tls_cloud.wait_for(lambda: tls_cloud.sessions)
        subject = tls_cloud.sessions[SERIAL].socket.getpeercert()["subject"]
    assert subject == ((("commonName", SERIAL),),)


def test_one_certificate_for_all_and_no_questions_asked(tls_cloud, authority):
    with playing(tls_cloud, cert=authority.directory / f"{SERIAL}.pem", insecure=True) as running:
        running.wait_connected()


def test_a_cloud_with_another_name_is_left_alone_for_half_an_hour(tls_cloud, authority):
    real = replace(QUICK, reconnect=1.0)
    with playing(
        tls_cloud, real, ca=authority.path, cert_dir=authority.directory, server_name="elsewhere"
    ) as running:
        running.wait_until(lambda fleet: fleet.links[SERIAL].failures)
        link = running.fleet.links[SERIAL]
        assert "Hostname mismatch" in link.last_error
        assert 1700 < link.next_dial_in <= 1800


def test_two_files_per_device_will_do(authority, tmp_path):
    whole = (authority.directory / f"{SERIAL}.pem").read_text()
    marker = "-----BEGIN PRIVATE KEY-----"
    certificate, key = whole.split(marker)
    (tmp_path / f"{SERIAL}.crt").write_text(certificate)
    (tmp_path / f"{SERIAL}.key").write_text(marker + key)
    assert Identity(cert_dir=tmp_path).context(SERIAL).verify_mode == ssl.CERT_REQUIRED
