"""What `vitalgate erase` leaves of a hub, also when it is killed in the middle."""
import os
import shutil
import subprocess
import unittest

import harness

KILLED = -9


class Erase(harness.HubTest):
    def setUp(self):
        super().setUp()
        self.state = self.folder / "state"
        self.start_bus()

    def erase(self, *arguments, state=None, given="", **environment):
        return subprocess.run(
            [harness.BIN / "vitalgate", "--config", self.folder / "vitalgate.yaml", "erase", "--state",
             state or self.state, *arguments], input=given, capture_output=True, text=True, timeout=harness.PATIENCE,
            env={**os.environ, **environment})

    def files(self):
        return sorted(path.name for path in self.state.rglob("*") if path.is_file())

    def make_store(self):
        self.start_daemon(self.configuration(harness.CUFF)).stop()

    def test_refused_while_the_daemon_runs_and_without_a_word(self):
        daemon = self.start_daemon(self.configuration(harness.CUFF))
        before = self.files()
        running = self.erase("--yes")
        self.assertEqual(running.returncode, 1)
        self.assertIn("is in use: stop the daemon first", running.stderr)
        self.assertEqual(self.files(), before)
        daemon.stop()
        before = self.files()
        for word in ("", "y\n"):
            asked = self.erase(given=word)
            self.assertEqual(asked.returncode, 1)
            self.assertIn("nothing was erased", asked.stderr)
        self.assertEqual(self.files(), before)
        self.assertEqual(self.erase(given="erase\n").returncode, 0)
        self.assertEqual(self.files(), [])

    def test_nothing_opens_afterwards_not_even_a_copy_made_before(self):
        self.make_store()
        copy = self.folder / "copy.db"
        shutil.copy(self.state / "store.db", copy)
        done = self.erase("--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("keys/store.key", done.stdout)
        self.assertIn("Flash memory may keep", done.stdout)
        self.assertEqual(self.files(), [])
        shutil.copy(copy, self.state / "store.db")
        daemon = self.start_daemon(None, wait=False)
        self.assertEqual(daemon.wait_end(), 3)
        self.assertIn("the key does not open this store", daemon.output())

    def test_who_has_lost_the_configuration_can_erase_all_the_same(self):
        self.make_store()
        (self.folder / "vitalgate.yaml").unlink()
        before = self.files()
        lost = self.erase("--yes")
        self.assertEqual(lost.returncode, 1)
        self.assertIn("nothing was erased; if the configuration is lost, add --without-configuration", lost.stderr)
        self.assertEqual(self.files(), before)
        asked = self.erase("--without-configuration", given="\n")
        self.assertIn("a daemon that uses them is not noticed: stop it first", asked.stderr)
        self.assertIn("This makes all that the hub has stored in", asked.stderr)
        self.assertEqual(self.files(), before)
        done = self.erase("--without-configuration", "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("(store.key): if so, destroy these yourself", done.stdout)
        self.assertEqual(self.files(), [])

    def test_without_configuration_no_running_daemon_loses_its_keys(self):
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        more = f"commands: {{accept: none}}\nstore: {{path: {elsewhere}}}"
        daemon = self.start_daemon(self.configuration(harness.CUFF, more=more))
        before = self.files()
        unknown = self.erase("--without-configuration", "--yes")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn(f"no store is in {self.state}, but keys are in {self.state / 'keys'}", unknown.stderr)
        known = self.erase("--without-configuration", "--store", elsewhere, "--yes")
        self.assertEqual(known.returncode, 1)
        self.assertIn("is in use: stop the daemon first", known.stderr)
        self.assertEqual(self.files(), before)
        daemon.stop()
        self.assertEqual(self.erase("--without-configuration", "--store", elsewhere, "--yes").returncode, 0)
        self.assertEqual(self.files(), [])
        self.assertEqual(list(elsewhere.iterdir()), [])

    def killed_at_each_step(self, *arguments):
        """Of a store made anew each time; behind the caller's look it is run again and ends."""
        self.make_store()
        saved = self.folder / "saved"
        shutil.copytree(self.state, saved)
        for step in range(1, 100):
            shutil.rmtree(self.state)
            shutil.copytree(saved, self.state)
            killed = self.erase(*arguments, VITALGATE_FAILPOINT=f"cli.erase-next:{step}")
            if step == 1 and killed.returncode == 0:
                self.skipTest("built without failpoints")
            if killed.returncode == 0:
                break
            self.assertEqual(killed.returncode, KILLED)
            yield step
            self.assertEqual(self.erase(*arguments).returncode, 0)
            self.assertEqual(self.files(), [])
        self.assertGreater(step, 5)

    def test_without_configuration_it_can_be_run_again_too(self):
        for _ in self.killed_at_each_step("--without-configuration", "--yes"):
            pass

    def test_nothing_found_is_said_and_what_others_keep_is_named(self):
        self.make_store()
        wrong = self.erase("--yes", state=self.folder / "wrong")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("give the daemon's state directory with --state", wrong.stderr)
        (self.folder / "wrong").mkdir()
        empty = self.erase("--yes", state=self.folder / "wrong")
        self.assertEqual(empty.returncode, 0)
        self.assertIn(f"nothing was found in {self.folder / 'wrong'}", empty.stderr)
        (self.state / "keys" / "tls.key").write_text("not ours")
        done = self.erase("--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("nothing was found", done.stderr)
        self.assertIn(f"left, because it is none of the hub's: {self.state / 'keys' / 'tls.key'}", done.stdout)
        self.assertEqual(self.files(), ["tls.key"])

    def test_killed_at_any_step_it_can_be_run_again_and_no_row_opens(self):
        for step in self.killed_at_each_step("--yes"):
            self.assertEqual((self.state / "keys" / "store.key").exists(), step == 1)
            if step == 2:
                daemon = self.start_daemon(None, wait=False)
                self.assertEqual(daemon.wait_end(), 3)
                self.assertIn("the key does not open this store", daemon.output())

    def test_key_that_is_a_credential_must_be_destroyed_by_its_owner(self):
        credentials = self.folder / "credentials"
        credentials.mkdir(mode=0o700)
        (credentials / "store-key").write_bytes(os.urandom(32))
        (credentials / "store-key").chmod(0o400)
        more = "commands: {accept: none}\nstore: {key: {credential: store-key}}"
        environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(credentials)}
        self.start_daemon(self.configuration(harness.CUFF, more=more), env=environment).stop()
        done = self.erase("--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("LoadCredential=store-key", done.stdout)
        self.assertIn("that of store-key.old", done.stdout)
        self.assertIn("overwritten and removed", done.stdout)
        self.assertEqual(self.files(), [])


if __name__ == "__main__":
    unittest.main()
