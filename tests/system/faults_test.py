"""Every row of the table of faults in tests/README.md names tests that are there, or says that it needs hardware."""
import pathlib
import re
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]


def rows(text):
    """(fault, its last column); headings within the table have none."""
    table = text.split("\n## Faults\n")[1].split("\n## ")[0]
    for line in re.findall(r"^\| (?!fault )(.+) \|$", table, re.M):
        cells = [cell.strip() for cell in line.split(" | ")]
        if any(cells[1:]) and not cells[0].startswith("**"):
            yield cells[0], cells[-1]


def exists(name):
    if name in ("fuzz", "oracle"):
        return (TESTS / name / "run").exists()
    folder, _, unit = name.partition("/")
    if folder == "vm":
        return (TESTS / "vm/scenarios" / f"{unit}.py").exists()
    return (TESTS / folder / f"{unit}_test.cpp").exists() or (TESTS / folder / f"{unit}_test.py").exists()


def findings(text):
    for fault, tests in rows(text):
        names = re.findall(r"`([^`]+)`", tests)
        if not names and tests != "needs hardware":
            yield f"{fault}: no test"
        yield from (f"{fault}: there is no {name}" for name in names if not exists(name))


class Faults(unittest.TestCase):
    def test_each_has_a_test(self):
        text = (TESTS / "README.md").read_text()
        self.assertGreater(len(list(rows(text))), 40)
        self.assertEqual(list(findings(text)), [])

    def test_a_row_without_one_is_found(self):
        head = "\n## Faults\n| fault | how | expected | test |\n|---|---|---|---|\n| **group** | | | |\n"
        self.assertEqual(list(findings(head + "| a | b | c | `store/crash` `vm/links` |\n| d | – | e | needs hardware |\n")), [])
        self.assertEqual(len(list(findings(head + "| a | b | c | `store/none` |\n| d | e | f | by hand |\n"))), 2)


if __name__ == "__main__":
    unittest.main()
