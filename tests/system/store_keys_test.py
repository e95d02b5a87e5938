"""The key of the store: as a systemd credential, as a file, replaced by a new one."""
import os
import unittest

import harness
from vitalgate.v1 import hub_pb2, vocabulary_pb2

CREDENTIAL = "commands: {accept: none}\nstore: {key: {credential: store-key}}"


class StoreKeys(harness.HubTest):
    def setUp(self):
        super().setUp()
        self.credentials = self.folder / "credentials"
        self.credentials.mkdir(mode=0o700)
        self.environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(self.credentials)}
        self.keys = self.folder / "state" / "keys"
        self.start_broker()
        self.subscriber = self.subscribe()

    @staticmethod
    def make_key(path, mode=0o400):
        path.write_bytes(os.urandom(32))
        path.chmod(mode)

    def stream(self, more="", **environment):
        """Starts and stops the daemon: the stream that it continues."""
        seen = len(self.subscriber.messages.snapshot())
        daemon = self.start_daemon(self.configuration(harness.CUFF, more=more), **environment)
        self.wait_status_after(seen, vocabulary_pb2.HUB_ONLINE)
        daemon.stop()
        self.last = daemon.output()
        return self.wait_status_after(seen, vocabulary_pb2.HUB_STOPPED).stream

    def wait_status_after(self, seen, state):
        def first(messages):
            found = [hub_pb2.HubStatus.FromString(m.payload) for m in messages[seen:] if m.topic.endswith("/status")]
            return next((status for status in found if status.state == state), None)
        return self.subscriber.messages.wait(first, f"status {state}")

    def refusal(self, more="", **environment):
        daemon = self.start_daemon(self.configuration(harness.CUFF, more=more), wait=False, **environment)
        self.assertIn(daemon.wait_end(), (1, 3))
        return daemon.output()

    def wait_rotated(self):
        return self.subscriber.wait_records(
            lambda records: [r for r in records if r.event.store.kind == vocabulary_pb2.STORE_KEY_ROTATED],
            "the event of a new key")

    def test_credential_opens_the_store_and_is_the_only_key(self):
        self.make_key(self.credentials / "store-key")
        stream = self.stream(CREDENTIAL, env=self.environment)
        self.assertEqual(self.stream(CREDENTIAL, env=self.environment), stream)
        self.assertFalse((self.keys / "store.key").exists())
        self.assertIn("credential", self.refusal(CREDENTIAL))
        store = self.folder / "state" / "store.db"
        before = store.read_bytes()
        (self.credentials / "store-key").unlink()
        self.make_key(self.credentials / "store-key")
        self.assertIn("the key does not open this store", self.refusal(CREDENTIAL, env=self.environment))
        self.assertEqual(store.read_bytes(), before)

    def test_credential_is_replaced_with_the_previous_one_beside_it(self):
        self.make_key(self.credentials / "store-key")
        stream = self.stream(CREDENTIAL, env=self.environment)
        (self.credentials / "store-key").rename(self.credentials / "store-key.old")
        self.make_key(self.credentials / "store-key")
        self.assertEqual(self.stream(CREDENTIAL, env=self.environment), stream)
        self.assertIn("the store has a new key", self.last)
        self.wait_rotated()
        (self.credentials / "store-key.old").unlink()
        self.assertEqual(self.stream(CREDENTIAL, env=self.environment), stream)
        self.assertNotIn("the store has a new key", self.last)

    def test_key_in_a_file_is_replaced_with_the_previous_one_beside_it(self):
        key, previous = self.folder / "store-key", self.folder / "store-key.old"
        more = f"commands: {{accept: none}}\nstore: {{key: {{file: {key}}}}}"
        self.make_key(key)
        stream = self.stream(more)
        self.assertFalse((self.keys / "store.key").exists())
        key.rename(previous)
        self.make_key(key)
        previous.chmod(0o644)
        self.assertIn("store-key.old: mode 0644 could let others use the key", self.refusal(more))
        previous.chmod(0o400)
        self.assertEqual(self.stream(more), stream)
        self.assertIn("the store has a new key; the previous one is not needed any more", self.last)
        self.wait_rotated()
        previous.unlink()
        self.assertEqual(self.stream(more), stream)
        self.assertNotIn("the store has a new key", self.last)
        store = self.folder / "state" / "store.db"
        before = store.read_bytes()
        key.unlink()
        self.make_key(key)
        self.assertIn("the key does not open this store", self.refusal(more))
        self.assertEqual(store.read_bytes(), before)

    def test_key_of_the_first_start_is_replaced(self):
        stream = self.stream()
        (self.keys / "store.key").rename(self.keys / "store.key.old")
        (self.keys / "store.key.old").chmod(0o644)
        self.assertIn("mode 0644 could let others use the key", self.refusal())
        (self.keys / "store.key.old").chmod(0o400)
        self.assertEqual(self.stream(), stream)
        self.wait_rotated()
        (self.keys / "store.key.old").unlink()
        self.assertEqual(self.stream(), stream)


if __name__ == "__main__":
    unittest.main()
