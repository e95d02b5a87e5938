#include "adapters/bluez/event_writer.hpp"

#include <asio/co_spawn.hpp>
#include <iterator>

namespace vitalgate::bluez {

EventWriter::EventWriter(Sink& sink, Clock& clock, Log log)
    : sink_(sink), clock_(clock), log_(std::move(log)) {}

void EventWriter::write(v1::Event event, const std::string& device, v1::Severity severity,
                        std::string text) {
    if (waiting_.size() >= kMaxWaiting) {
        log_.warning("an event is dropped: {} wait already", kMaxWaiting);
        return;
    }
    toStamp(clock_.now(), *event.mutable_occurred());
    event.set_device(device);
    event.set_severity(severity);
    event.set_text(std::move(text));
    waiting_.push_back(std::move(event));
    if (running_) return;
    running_ = true;
    asio::co_spawn(clock_.loop(), drain(),
                   [self = shared_from_this()](const std::exception_ptr& error) {
                       self->running_ = false;
                       if (error) self->log_.error("events could not be appended");
                   });
}

asio::awaitable<void> EventWriter::drain() {
    while (!waiting_.empty()) {
        Append append;
        append.events.assign(std::make_move_iterator(waiting_.begin()),
                             std::make_move_iterator(waiting_.end()));
        waiting_.clear();
        const auto count = append.events.size();
        auto accepted = co_await sink_.append(std::move(append));
        if (!accepted) log_.warning("{} events are lost: {}", count, accepted.error().message);
    }
}

}  // namespace vitalgate::bluez
