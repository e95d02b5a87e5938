#include "tests/store/promises.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "gateway/store/store_file.hpp"
#include "tests/store/raw_sqlite.hpp"

namespace vitalgate::store::testing {

namespace {

int numberOf(const std::string& name) {
    return name.empty() ? 0 : std::stoi(name.substr(name.find('-') + 1));
}

/// Whether the row is there, or with the service, or named by a Loss that is.
bool isKept(const Promise& promise, const std::map<std::uint64_t, std::string>& rows,
            const RangeSet& told) {
    const auto row = rows.find(promise.sequence);
    return row != rows.end() ? row->second == promise.name : told.contains(promise.sequence);
}

const Promise* newestOf(Promise::Kind kind, std::span<const Promise> promises) {
    const auto found = std::ranges::find(promises.rbegin(), promises.rend(), kind, &Promise::kind);
    return found == promises.rend() ? nullptr : &*found;
}

}  // namespace

Files filesIn(const Hub& hub) {
    Files files;
    for (const auto& file : std::filesystem::directory_iterator(hub.dir.path())) {
        if (file.is_regular_file())
            files[file.path().filename().string()] = readFile(file.path().string());
    }
    return files;
}

Files newStore() {
    const Hub hub;
    REQUIRE(makeStoreFile(hub.path(), {}));
    return filesIn(hub);
}

std::string streamOf(const Files& files) {
    const Restarted hub(files, {});
    return raw(hub.path(), "SELECT value FROM meta WHERE name = 'stream'");
}

Restarted::Restarted(const Files& files, const std::string& vfs) {
    for (const auto& [name, content] : files) writeFile(dir / name, content);
    options.vfs = vfs;
    options.maximumBytes = kMaximumBytes;
    options.uplinks = {kUplink};
}

void Restarted::begin() {
    const auto opened = tryOpen();
    REQUIRE_MESSAGE(opened, opened.error().message);
}

CommandEntry command(const Hub& hub, const std::string& id) {
    CommandEntry entry;
    entry.id = id;
    entry.keyId = "clinic";
    entry.target = "cuff";
    entry.state = v1::COMMAND_RECEIVED;
    entry.notAfter = hub.clock.wall() + 365 * 24h;
    return entry;
}

void addTold(const v1::Record& record, RangeSet& told) {
    told.add(Range{record.sequence(), record.sequence()});
    for (const auto& range : record.event().loss().ranges()) {
        told.add(Range{range.first(), range.last()});
    }
}

int broken(Hub& hub, std::span<const Promise> promises) {
    RangeSet told;
    std::map<std::uint64_t, std::string> rows;
    std::string newest;
    for (const auto& record : hub.records()) {
        addTold(record, told);
        if (!record.has_reading()) continue;
        newest = record.reading().device();
        rows[record.sequence()] = newest;
    }
    for (const auto& promise : promises) told.add(promise.delivered);
    int count = 0;
    std::string promised;
    for (const auto& promise : promises) {
        if (promise.kind != Promise::Kind::row) continue;
        promised = promise.name;
        if (!isKept(promise, rows, told)) ++count;
    }
    const auto bookmark = hub.bookmark("cuff", "last");
    if (numberOf(bookmark) < numberOf(promised)) ++count;
    if (!newest.empty() && newest != bookmark) ++count;
    const auto sets = hub.sets(kUplink);
    if (!sets.sent.empty() && sets.sent.ranges().back().last > hub.store->status().newest) ++count;
    return count;
}

void checkGoesOn(Hub& hub, std::span<const Promise> promises) {
    std::vector<NewRow> rows{reading("new", "new")};
    const auto* row = newestOf(Promise::Kind::row, promises);
    if (row != nullptr) rows.push_back(reading(row->name, row->name));
    const auto appended = hub.append(rows).value();
    if (row != nullptr) {
        CHECK(appended.sequences.front() > row->sequence);
        CHECK(appended.sequences.back() == 0);
    }
    if (const auto* begun = newestOf(Promise::Kind::command, promises)) {
        const auto known = hub.await<std::optional<CommandEntry>>(
            [&](auto done) { hub.store->beginCommand(command(hub, begun->name), done); });
        CHECK(known.value().has_value());
    }
}

}  // namespace vitalgate::store::testing
