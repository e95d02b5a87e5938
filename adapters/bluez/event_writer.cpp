#include "adapters/bluez/event_writer.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <utility>

namespace vitalgate::bluez {

EventWriter::EventWriter(Sink& sink, Clock& clock, Log log)
    : sink_(sink), clock_(clock), log_(std::move(log)) {}

void EventWriter::write(v1::Event event, const std::string& device, v1::Severity severity,
                        std::string text, std::vector<Bookmark> bookmarks) {
    for (auto& bookmark : bookmarks) remember(std::move(bookmark));
    toStamp(clock_.now(), *event.mutable_occurred());
    event.set_device(device);
    event.set_severity(severity);
    event.set_text(std::move(text));
    if (!addUp(event)) {
        makeRoom();
        waiting_.push_back(std::move(event));
    }
    if (!failing_) start();
}

/// True if a loss that waits already tells this one too.
bool EventWriter::addUp(const v1::Event& event) {
    if (!event.has_loss()) return false;
    const auto same = std::ranges::find_if(waiting_, [&event](const v1::Event& each) {
        return each.has_loss() && each.device() == event.device() &&
               each.loss().reason() == event.loss().reason();
    });
    if (same == waiting_.end()) return false;
    same->mutable_loss()->set_count(same->loss().count() + event.loss().count());
    return true;
}

void EventWriter::makeRoom() {
    if (waiting_.size() < kMaxWaiting) return;
    auto oldest = std::ranges::find_if_not(waiting_, &v1::Event::has_loss);
    if (oldest == waiting_.end()) oldest = waiting_.begin();
    waiting_.erase(oldest);
    log_.warning("an event is dropped: {} wait already", kMaxWaiting);
}

void EventWriter::retry() {
    if (!waiting_.empty()) start();
}

std::uint64_t EventWriter::untold(const std::string& device) const {
    if (!failing_) return 0;
    std::uint64_t count = 0;
    for (const auto* events : {&waiting_, &underWay_}) {
        for (const auto& event : *events) {
            if (event.device() == device) count += event.loss().count();
        }
    }
    return count;
}

void EventWriter::start() {
    if (std::exchange(running_, true)) return;
    asio::co_spawn(clock_.loop(), drain(),
                   [self = shared_from_this()](const std::exception_ptr& error) {
                       self->running_ = false;
                       if (error) self->log_.error("events could not be appended");
                   });
}

/// The newest value of a name counts.
void EventWriter::remember(Bookmark bookmark) {
    const auto known = std::ranges::find_if(bookmarks_, [&bookmark](const Bookmark& each) {
        return each.device == bookmark.device && each.name == bookmark.name;
    });
    if (known == bookmarks_.end()) {
        bookmarks_.push_back(std::move(bookmark));
    } else {
        known->value = std::move(bookmark.value);
    }
}

asio::awaitable<void> EventWriter::drain() {
    while (!waiting_.empty()) {
        underWay_ = std::exchange(waiting_, {});
        Append append;
        append.events.assign(underWay_.begin(), underWay_.end());
        append.bookmarks = std::exchange(bookmarks_, {});
        auto unkept = append.bookmarks;
        auto accepted = co_await sink_.append(std::move(append));
        failing_ = !accepted;
        auto events = std::exchange(underWay_, {});
        if (accepted) continue;
        // What came meanwhile is newer.
        for (auto& newer : std::exchange(bookmarks_, std::move(unkept))) remember(std::move(newer));
        putBack(std::move(events));
        log_.warning("{} events wait: {}", waiting_.size(), accepted.error().message);
        std::weak_ptr<EventWriter> weak = weak_from_this();
        retry_ = clock_.after(kRetry, [weak] {
            if (const auto self = weak.lock()) self->start();
        });
        co_return;
    }
}

void EventWriter::putBack(std::deque<v1::Event> unkept) {
    auto newer = std::exchange(waiting_, std::move(unkept));
    for (auto& event : newer) {
        if (addUp(event)) continue;
        makeRoom();
        waiting_.push_back(std::move(event));
    }
}

}  // namespace vitalgate::bluez
