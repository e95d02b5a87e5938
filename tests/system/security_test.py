"""TLS and credentials end to end: the right broker is used, every wrong one is refused, nothing leaks."""
import subprocess
import unittest

import harness
from vitalgate.v1 import vocabulary_pb2



class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.certificate = folder / f"{name}.pem"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                     "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", self.certificate)

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def issue(self, name, common_name, alternative=None):
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-subj", f"/CN={common_name}", "-keyout", key, "-out", request)
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative}\n" if alternative else "basicConstraints=CA:FALSE\n")
        self.openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey",
                     self.folder / f"{self.name}.key", "-CAcreateserial", "-days", "30", "-extfile", extensions,
                     "-out", certificate)
        key.chmod(0o600)
        return certificate, key


class Security(harness.HubTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder, "care-ca")
        self.start_bus()

    def start_tls_broker(self, certificate, key):
        # The subscriber of the test comes without TLS, through a listener of its own.
        plain = harness.free_port()
        passwords = self.folder / "passwords"
        subprocess.run(["mosquitto_passwd", "-c", "-b", passwords, self.hub, "right horse"], check=True,
                       capture_output=True)
        broker = self.start_broker(
            f"per_listener_settings true\nallow_anonymous false\npassword_file {passwords}\n"
            f"cafile {self.authority.certificate}\ncertfile {certificate}\nkeyfile {key}\nrequire_certificate true\n"
            f"tls_version tlsv1.2\nlistener {plain} 127.0.0.1\nallow_anonymous true\n")
        self.tls_port, self.port = self.port, plain
        return broker

    def uplink(self, host="localhost", password="right horse", authority=None):
        client, key = self.authority.issue("hub", self.hub)
        secret = self.folder / "password"
        secret.write_text(password)
        secret.chmod(0o600)
        return (f"broker: mqtts://{host}:{self.tls_port}\nuser: {self.hub}\npassword: {{file: {secret}}}\n"
                f"tls: {{ca: {(authority or self.authority).certificate}, certificate: {client}, key: {{file: {key}}}}}")

    def test_mutual_tls_with_user_and_password(self):
        self.start_tls_broker(*self.authority.issue("broker", "broker", "DNS:localhost"))
        subscriber = self.subscribe()
        self.start_daemon(self.configuration(harness.CUFF, self.uplink()))
        subscriber.wait_status(vocabulary_pb2.HUB_ONLINE)

    def assert_refused(self, uplink, words):
        subscriber = self.subscribe()
        daemon = self.start_daemon(self.configuration(harness.CUFF, uplink))
        line = daemon.lines.wait(lambda lines: next((entry for entry in lines if "care" in entry and words in entry), None),
                                 f"a line with {words!r}")
        self.assertIsNone(daemon.process.poll(), "a refusal never ends the daemon")
        self.assertNotIn("horse", daemon.output(), "no credential in the log")
        self.assertFalse([m for m in subscriber.messages.snapshot() if m.topic.endswith("/status")])
        return line

    def assert_certificate_refused(self, broker, uplink):
        self.assert_refused(uplink, "certificate")
        # The broker names whoever sends a CONNECT.
        self.assertNotIn(self.hub, broker.output(), "something was sent")

    def test_wrong_password(self):
        self.start_tls_broker(*self.authority.issue("broker", "broker", "DNS:localhost"))
        self.assert_refused(self.uplink(password="wrong horse"), "user")

    def test_certificate_of_another_authority(self):
        broker = self.start_tls_broker(*self.authority.issue("broker", "broker", "DNS:localhost"))
        self.assert_certificate_refused(broker, self.uplink(authority=Authority(self.folder, "other-ca")))

    def test_certificate_for_another_host(self):
        broker = self.start_tls_broker(*self.authority.issue("broker", "broker", "DNS:broker.elsewhere.example"))
        self.assert_certificate_refused(broker, self.uplink())

    def test_name_only_in_the_common_name(self):
        broker = self.start_tls_broker(*self.authority.issue("broker", "localhost"))
        self.assert_certificate_refused(broker, self.uplink())


if __name__ == "__main__":
    unittest.main()
