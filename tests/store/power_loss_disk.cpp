#include "tests/store/power_loss_disk.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace vitalgate::store::testing {

namespace {

constexpr std::size_t kSector = 512;

using Kind = DiskEvent::Kind;

/// SQLite's own layer syncs the folder with the first sync of a journal.
bool isJournal(const std::string& name) {
    return name.ends_with("-wal") || name.ends_with("-journal");
}

bool happens(double probability, std::mt19937_64& random) {
    return std::bernoulli_distribution(probability)(random);
}

void write(std::string& content, std::size_t at, std::string_view data) {
    if (content.size() < at + data.size()) content.resize(at + data.size(), '\0');
    content.replace(at, data.size(), data);
}

void apply(std::string& content, const DiskEvent& event) {
    const auto at = static_cast<std::size_t>(event.at);
    if (event.kind == Kind::write) write(content, at, event.data);
    if (event.kind == Kind::truncate) content.resize(at, '\0');
}

/// The beginning or the end of a sector's new content is there, beside the rest of the old one.
std::pair<std::size_t, std::string_view> torn(std::size_t at, std::string_view piece,
                                              std::mt19937_64& random) {
    const auto length = random() % (piece.size() + 1);
    if (happens(0.5, random)) return {at, piece.substr(0, length)};
    return {at + piece.size() - length, piece.substr(piece.size() - length)};
}

/// Each sector of a write by itself.
void writeSectors(std::string& content, const DiskEvent& event, double probability, bool isTorn,
                  std::mt19937_64& random) {
    const std::string_view data = event.data;
    auto at = static_cast<std::size_t>(event.at);
    for (std::size_t done = 0; done < data.size();) {
        const auto size = std::min(kSector - at % kSector, data.size() - done);
        const auto piece = data.substr(done, size);
        if (happens(probability, random)) {
            const auto left =
                isTorn && happens(0.3, random) ? torn(at, piece, random) : std::pair{at, piece};
            write(content, left.first, left.second);
        }
        done += size;
        at += size;
    }
}

std::size_t lengthOf(std::string content, const std::vector<DiskEvent>& unsynced) {
    auto length = content.size();
    for (const auto& event : unsynced) {
        const auto end = static_cast<std::size_t>(event.at) + event.data.size();
        length = event.kind == Kind::truncate ? end : std::max(length, end);
    }
    return length;
}

std::string contentLeft(std::string content, const std::vector<DiskEvent>& unsynced, Left left,
                        std::mt19937_64& random) {
    if (left == Left::nothing) return content;
    const double probability =
        left == Left::everything ? 1 : std::uniform_real_distribution<double>(0, 1)(random);
    // The new length may be there without the data.
    if (left != Left::everything && happens(0.25, random)) {
        content.resize(std::max(content.size(), lengthOf(content, unsynced)), '\0');
    }
    for (const auto& event : unsynced) {
        const bool isSplit = left == Left::sectors || left == Left::torn;
        if (isSplit && event.kind == Kind::write) {
            writeSectors(content, event, probability, left == Left::torn, random);
        } else if (happens(probability, random)) {
            apply(content, event);
        }
    }
    return content;
}

}  // namespace

std::optional<int> RecordingDisk::before(const DiskRequest& request) {
    using Asked = DiskRequest::Kind;
    const std::filesystem::path path = request.path;
    const auto name = path.filename().string();
    switch (request.kind) {
        case Asked::open:
            add({std::filesystem::exists(path) ? Kind::open : Kind::create, name});
            return std::nullopt;
        case Asked::write:
            add({Kind::write, name, request.at, std::string(request.data)});
            return std::nullopt;
        case Asked::truncate:
            add({Kind::truncate, name, request.at});
            return std::nullopt;
        case Asked::remove:
            add({Kind::remove, name, 0, {}, request.syncsFolder});
            return std::nullopt;
        case Asked::sync:
            add({Kind::sync, name});
            return SQLITE_OK;
        default:
            return std::nullopt;
    }
}

void RecordingDisk::mark(std::int64_t number) {
    add({Kind::mark, {}, number});
}

void RecordingDisk::add(DiskEvent event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
}

std::vector<DiskEvent> RecordingDisk::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(events_, {});
}

UnsyncedDisk::UnsyncedDisk(const Files& synced) {
    for (const auto& [name, content] : synced) {
        now_[name] = std::make_shared<Content>(Content{content, {}});
    }
    synced_ = now_;
}

void UnsyncedDisk::apply(const DiskEvent& event) {
    switch (event.kind) {
        case Kind::create:
            return rename(event.name, std::make_shared<Content>(), false);
        case Kind::remove:
            return rename(event.name, nullptr, event.syncsFolder);
        case Kind::write:
        case Kind::truncate:
            now_.at(event.name)->unsynced.push_back(event);
            return;
        case Kind::sync: {
            auto& content = *now_.at(event.name);
            for (const auto& one : content.unsynced) testing::apply(content.synced, one);
            content.unsynced.clear();
            if (isJournal(event.name)) syncFolder();
            return;
        }
        case Kind::open:
            // The store makes an empty file before SQLite opens it.
            if (!now_.contains(event.name)) now_[event.name] = std::make_shared<Content>();
            return;
        case Kind::mark:
            return;
    }
}

void UnsyncedDisk::rename(const std::string& name, ContentPtr content, bool syncsFolder) {
    renamings_.push_back({name, content});
    if (content) {
        now_[name] = std::move(content);
    } else {
        now_.erase(name);
    }
    if (syncsFolder) syncFolder();
}

void UnsyncedDisk::syncFolder() {
    renamings_.clear();
    synced_ = now_;
}

bool UnsyncedDisk::hasUnsynced() const {
    return !renamings_.empty() || std::ranges::any_of(now_, [](const auto& file) {
        return !file.second->unsynced.empty();
    });
}

UnsyncedDisk::Files UnsyncedDisk::afterPowerCut(Left left, std::mt19937_64& random) const {
    auto names = synced_;
    auto count = renamings_.size();
    if (left == Left::nothing) count = 0;
    if (left != Left::nothing && left != Left::everything) count = random() % (count + 1);
    for (const auto& [name, content] : std::span(renamings_).first(count)) names[name] = content;
    Files files;
    for (const auto& [name, content] : names) {
        if (!content) continue;
        files[name] = contentLeft(content->synced, content->unsynced, left, random);
    }
    return files;
}

}  // namespace vitalgate::store::testing
