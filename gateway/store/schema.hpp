#pragma once

namespace vitalgate::store {

/// All tables of schema version 1; gateway/README.md describes them.
inline constexpr const char* kSchema = R"(
CREATE TABLE meta(
    name TEXT PRIMARY KEY,
    value NOT NULL) WITHOUT ROWID;
CREATE TABLE keys(
    id INTEGER PRIMARY KEY,
    wrapped BLOB NOT NULL);
CREATE TABLE boots(
    number INTEGER PRIMARY KEY,
    boot_id TEXT NOT NULL UNIQUE);
CREATE TABLE log(
    sequence INTEGER PRIMARY KEY,
    type INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    time INTEGER NOT NULL,
    boot INTEGER NOT NULL,
    key INTEGER NOT NULL,
    body BLOB NOT NULL);
-- Finds what goes first when room is needed; readings and alarms are found in the table itself.
CREATE INDEX log_series ON log(sequence) WHERE priority = 3;
CREATE TABLE seen(
    id BLOB PRIMARY KEY,
    sequence INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX seen_sequence ON seen(sequence);
CREATE TABLE ranges(
    uplink TEXT NOT NULL,
    "set" TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY(uplink, "set", first)) WITHOUT ROWID;
CREATE TABLE command(
    id TEXT PRIMARY KEY,
    key_id TEXT NOT NULL,
    target TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    state INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    digest BLOB NOT NULL,
    result BLOB NOT NULL);
CREATE INDEX command_not_after ON command(not_after);
CREATE TABLE bookmark(
    device_key TEXT NOT NULL,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY(device_key, name)) WITHOUT ROWID;
)";

inline constexpr int kTableCount = 8;

}  // namespace vitalgate::store
