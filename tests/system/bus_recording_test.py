"""The reading of recordings, by messages made by hand from the D-Bus specification."""
import struct
import tempfile
import unittest

import bus_recording
from bus_recording import Variant


def message(kind, fields, signature="", body=b"", serial=7):
    """In little-endian order; fields: number -> (signature, value)."""
    out = bytearray(struct.pack("<cBBBII", b"l", kind, 0, 1, len(body), serial))
    array = bytearray()
    for code, (of, value) in {**fields, **({8: ("g", signature)} if signature else {})}.items():
        array += b"\0" * (-len(array) % 8)
        array += bytes((code, 1)) + of.encode() + b"\0"
        if of == "g":
            array += bytes((len(value),)) + value.encode() + b"\0"
        elif of == "u":
            array += b"\0" * (-len(array) % 4) + struct.pack("<I", value)
        else:
            array += b"\0" * (-len(array) % 4) + struct.pack("<I", len(value)) + value.encode() + b"\0"
    out += struct.pack("<I", len(array)) + array
    return bytes(out + b"\0" * (-len(out) % 8) + body)


class BusRecordingTest(unittest.TestCase):
    def test_complete_types(self):
        self.assertEqual(list(bus_recording.complete_types("a{sa{sv}}asv(ii)aay")),
                         ["a{sa{sv}}", "as", "v", "(ii)", "aay"])

    def test_values(self):
        body = struct.pack("<I", 3) + b"abc\0" + struct.pack("<I", 2) + b"\x01\x02"
        found = bus_recording.message_of(message(4, {1: ("o", "/a"), 3: ("s", "M")}, "say", body))
        self.assertEqual((found.path, found.member, found.body), ("/a", "M", ("abc", [1, 2])))

    def test_dictionaries_of_variants_with_whole_numbers_as_keys(self):
        entry = struct.pack("<H", 0xFFFF) + b"\x01y\0" + b"\x05"
        body = struct.pack("<I", len(entry)) + b"\0" * 4 + entry
        found = bus_recording.message_of(message(4, {3: ("s", "M")}, "a{qv}", body))
        self.assertEqual(found.body, ({0xFFFF: Variant("y", 5)},))

    def test_a_message_that_is_cut_off_at_the_end_is_left_out(self):
        whole = message(2, {5: ("u", 3)})
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"\0" * 24 + struct.pack("<IIII", 0, 0, len(whole), len(whole)) + whole)
            file.write(struct.pack("<IIII", 0, 0, len(whole), len(whole)) + whole[:-1])
            file.flush()
            self.assertEqual([m.reply_to for m in bus_recording.read(file.name)], [3])

    def test_an_order_that_was_not_always_so_is_none(self):
        def one(*orders):
            return {"properties": {}, "invalidated": [], "calls": {}, "orders": list(orders), "together": []}
        whole = bus_recording.merged([one("a < b", "b < c"), one("c < b")])
        self.assertEqual(bus_recording.always(whole["orders"]), [("a", "b")])


if __name__ == "__main__":
    unittest.main()
