"""A certificate authority of the bed's, as RDS has one; and certificates for the names of endpoints."""
import ipaddress
import os
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _pem_key(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())


class Authority:
    """`path` is the PEM file that clients trust."""

    def __init__(self, folder):
        self.key, self.subject = ec.generate_private_key(ec.SECP256R1()), _name("Bed RDS Root CA")
        self.path = os.path.join(folder, "ca.pem")
        made = self._builder(self.subject, self.key.public_key()).add_extension(x509.BasicConstraints(True, None), True).add_extension(
            x509.KeyUsage(False, False, False, False, False, True, True, False, False), True).sign(self.key, hashes.SHA256())
        with open(self.path, "wb") as file:
            file.write(made.public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject, key):
        now = datetime.now(timezone.utc)
        return x509.CertificateBuilder().subject_name(subject).issuer_name(self.subject).public_key(key).serial_number(
            x509.random_serial_number()).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))

    def issue(self, hosts):
        """(certificate, key) as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.IPAddress(ipaddress.ip_address(h)) if h[0].isdigit() else x509.DNSName(h) for h in hosts]
        made = self._builder(_name(hosts[0]), key.public_key()).add_extension(x509.SubjectAlternativeName(names), False).add_extension(
            x509.BasicConstraints(False, None), True).sign(self.key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM), _pem_key(key)
