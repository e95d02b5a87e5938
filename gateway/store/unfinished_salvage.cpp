#include "gateway/store/unfinished_salvage.hpp"

#include <algorithm>
#include <utility>

#include "gateway/store/damaged_file.hpp"

namespace vitalgate::store {

bool holdsOneOf(const std::vector<std::string>& streams, const std::string& file,
                const StoreOptions& options) {
    if (streams.empty()) return false;
    const auto store = DamagedStore::open(file, options);
    if (!store) return !isUnreadable(store.error().kind);
    return std::ranges::find(streams, store->stream()) != streams.end();
}

Status UnfinishedSalvage::load() {
    auto streams = carriedStreams(database_);
    if (!streams) return std::unexpected(streams.error());
    streams_ = std::move(*streams);
    if (isPending()) out_.info("the salvage of a damaged store goes on");
    return {};
}

Status UnfinishedSalvage::step(const Moment& now) {
    const auto& stream = streams_.back();
    if (!carry_) {
        const auto found = find(stream);
        if (found == Found::notNow) {
            isOver_ = true;
            return {};
        }
        if (found == Found::no) {
            const auto progress = readProgress(database_, stream);
            if (!progress) return std::unexpected(progress.error());
            isOver_ = true;
            said_ =
                "the damaged store is gone or cannot be read any more: what was not carried over "
                "yet is lost";
            return giveUpCarrying(database_, log_, *progress, now);
        }
    }
    const auto ended = carry_->step(now);
    if (!ended) return std::unexpected(ended.error());
    isOver_ = *ended;
    if (isOver_) {
        said_ = fmt::format("the salvage is over: {} records came again, {}",
                            carry_->progress().movedCount, lostText(carry_->progress()));
    }
    return {};
}

UnfinishedSalvage::Found UnfinishedSalvage::find(const std::string& stream) {
    const auto files = damagedFiles(options_.path);
    bool mayComeLater = !files;
    if (!files) out_.error("{}", files.error().message);
    for (const auto& path : files.value_or(std::vector<std::string>{})) {
        auto old = DamagedStore::open(path, options_);
        if (!old) {
            mayComeLater = mayComeLater || !isUnreadable(old.error().kind);
            out_.error("{}: {}", path, old.error().message);
            continue;
        }
        if (old->stream() != stream) continue;
        auto progress = readProgress(database_, stream);
        if (!progress) return Found::notNow;
        carry_ =
            std::make_unique<CarryOver>(database_, log_, std::move(*old), std::move(*progress));
        return Found::yes;
    }
    if (mayComeLater) said_ = "the rest of the damaged store waits for the next start";
    return mayComeLater ? Found::notNow : Found::no;
}

void UnfinishedSalvage::committed() {
    if (!said_.empty()) out_.warning("{}", std::exchange(said_, {}));
    if (!std::exchange(isOver_, false)) return;
    carry_.reset();
    streams_.pop_back();
}

void UnfinishedSalvage::rolledBack() {
    isOver_ = false;
    said_.clear();
    carry_.reset();
}

}  // namespace vitalgate::store
