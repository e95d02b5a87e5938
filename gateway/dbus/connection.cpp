#include "gateway/dbus/connection.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>
#include <cstdlib>
#include <stdexcept>

#include "gateway/dbus/connection_impl.hpp"
#include "gateway/dbus/message.hpp"
#include "gateway/dbus/no_memory.hpp"
#include "gateway/runtime/answer.hpp"

namespace vitalgate::dbus {

namespace {

/// For the library: the limit is kept by the Clock.
constexpr std::uint64_t kNoLibraryTimeout = UINT64_MAX;

/// What the library does at once, without the loop: adding a match.
constexpr auto kLibraryCallLimit = std::chrono::seconds{2};
constexpr int kAnswerLimitMs = 500;

constexpr std::string_view kBus = "org.freedesktop.DBus";
constexpr std::uint32_t kDoNotQueue = 4;  // flag of RequestName
constexpr std::uint32_t kPrimaryOwner = 1;
constexpr std::uint32_t kAlreadyOwner = 4;

struct NamedKind {
    std::string_view name;
    ErrorKind kind;
};

/// D-Bus specification and the names libsystemd makes itself. NoReply says that the other side has
/// gone, since the library's own time-out is never used.
constexpr auto kKinds = std::to_array<NamedKind>({
    {"org.freedesktop.DBus.Error.NoReply", ErrorKind::disconnected},
    {"org.freedesktop.DBus.Error.Disconnected", ErrorKind::disconnected},
    {"org.freedesktop.DBus.Error.Timeout", ErrorKind::timedOut},
    {"org.freedesktop.DBus.Error.TimedOut", ErrorKind::timedOut},
    {"org.freedesktop.DBus.Error.ServiceUnknown", ErrorKind::unavailable},
    {"org.freedesktop.DBus.Error.NameHasNoOwner", ErrorKind::unavailable},
    {"org.freedesktop.DBus.Error.NoServer", ErrorKind::unavailable},
    {"org.freedesktop.DBus.Error.UnknownObject", ErrorKind::notFound},
    {"org.freedesktop.DBus.Error.UnknownMethod", ErrorKind::notFound},
    {"org.freedesktop.DBus.Error.UnknownInterface", ErrorKind::notFound},
    {"org.freedesktop.DBus.Error.UnknownProperty", ErrorKind::notFound},
    {"org.freedesktop.DBus.Error.NotSupported", ErrorKind::unsupported},
    {"org.freedesktop.DBus.Error.LimitsExceeded", ErrorKind::full},
    {"org.freedesktop.DBus.Error.NoMemory", ErrorKind::full},
    {"org.freedesktop.DBus.Error.InconsistentMessage", ErrorKind::malformed},
});

/// The socket of a bus; empty if the address does not name one plainly.
std::string socketOf(const std::string& address) {
    constexpr std::string_view kPath = "unix:path=";
    auto full = address;
    if (address == "system") {
        const char* set = std::getenv("DBUS_SYSTEM_BUS_ADDRESS");
        full = set == nullptr ? "unix:path=/run/dbus/system_bus_socket" : set;
    }
    if (!full.starts_with(kPath) || full.find_first_of(";%") != std::string::npos) return {};
    return full.substr(kPath.size(), full.find(',') - kPath.size());
}

/// The library loses 1.8 KB with each bus that it cannot reach, and waits for 25 s for one that
/// accepts and says nothing, so both are found out before it is asked: with the first line of the
/// handshake (D-Bus specification, Authentication Protocol). Throws.
void checkAnswers(const std::string& address) {
    const auto path = socketOf(address);
    if (path.empty()) return;
    asio::io_context own;
    asio::local::stream_protocol::socket socket(own);
    socket.connect(asio::local::stream_protocol::endpoint(path));
    std::string line(1, '\0');
    line += "AUTH EXTERNAL ";
    for (const char digit : std::to_string(geteuid())) line += fmt::format("{:02x}", digit);
    line += "\r\n";
    asio::write(socket, asio::buffer(line));
    pollfd waiting{socket.native_handle(), POLLIN, 0};
    if (::poll(&waiting, 1, kAnswerLimitMs) <= 0) throw std::runtime_error("it does not answer");
}

std::unique_ptr<sdbus::IConnection> openLibrary(const std::string& address) {
    if (address == "system") return sdbus::createSystemBusConnection();
    if (address == "session") return sdbus::createSessionBusConnection();
    return sdbus::createSessionBusConnectionWithAddress(address);
}

std::unique_ptr<sdbus::IConnection> connectTo(const std::string& address) {
    auto connection = openLibrary(address);
    connection->setMethodCallTimeout(kLibraryCallLimit);
    return connection;
}

CallError callError(Error error, std::string name = {}) {
    CallError result;
    static_cast<Error&>(result) = std::move(error);
    result.name = std::move(name);
    return result;
}

}  // namespace

ErrorKind kindOf(std::string_view errorName) {
    const auto* found = std::ranges::find(kKinds, errorName, &NamedKind::name);
    return found == kKinds.end() ? ErrorKind::refused : found->kind;
}

// ---- the pump ----

Connection::Impl::Impl(std::unique_ptr<sdbus::IConnection> bus, Clock& clock, Log log)
    : clock_(clock),
      log_(std::move(log)),
      bus_(std::move(bus)),
      socket_(clock.loop(), bus_->getEventLoopPollData().fd) {}

void Connection::Impl::guard(std::string_view what, const std::function<void()>& work) const {
    try {
        work();
    } catch (const std::exception& error) {
        checkMemory(error);
        log_.error("{}: {}", what, error.what());
    } catch (...) {
        log_.error("{}: unknown exception", what);
    }
}

void Connection::Impl::enqueue(std::string_view what, std::function<void()> work) {
    queue_.emplace_back(what, std::move(work));
    schedule();
}

void Connection::Impl::schedule() {
    if (std::exchange(scheduled_, true)) return;
    asio::post(clock_.loop(), [self = shared_from_this()] { self->pump(); });
}

void Connection::Impl::runQueue() {
    while (!queue_.empty()) {
        const auto [what, work] = std::move(queue_.front());
        queue_.pop_front();
        guard(what, work);
    }
}

void Connection::Impl::pump() {
    scheduled_ = false;
    runQueue();
    for (int turn = 0; turn < kMessagesPerTurn; ++turn) {
        const bool more = process();
        runQueue();
        if (!more) {
            watch();
            return;
        }
    }
    schedule();
}

bool Connection::Impl::process() {
    if (!bus_) return false;
    try {
        return bus_->processPendingRequest();
    } catch (const std::exception& error) {
        checkMemory(error);
        lose(error.what());
        return false;
    }
}

void Connection::Impl::watch() {
    if (!bus_) return;
    try {
        const auto poll = bus_->getEventLoopPollData();
        if ((poll.events & POLLIN) != 0)
            wait(asio::posix::stream_descriptor::wait_read, readWaits_);
        if ((poll.events & POLLOUT) != 0)
            wait(asio::posix::stream_descriptor::wait_write, writeWaits_);
        const auto timeout = poll.getRelativeTimeout();
        timer_ = timeout ? clock_.after(*timeout, [this] { schedule(); }) : Timer();
    } catch (const std::exception& error) {
        checkMemory(error);
        lose(error.what());
        runQueue();
    }
}

void Connection::Impl::wait(asio::posix::stream_descriptor::wait_type type, bool& waiting) {
    if (std::exchange(waiting, true)) return;
    socket_.async_wait(type, [self = shared_from_this(), &waiting](const asio::error_code& error) {
        waiting = false;
        if (!error) self->pump();
    });
}

void Connection::Impl::lose(const std::string& why) {
    log_.warning("the connection to the bus is lost: {}", why);
    close(Error{ErrorKind::disconnected, "the connection to the bus is lost"});
    if (lost_) enqueue("bus lost", std::exchange(lost_, nullptr));
}

void Connection::Impl::close(const Error& why) {
    if (!bus_) return;
    timer_.cancel();
    finishAll(why);
    calls_.clear();
    matches_.clear();
    objects_.clear();
    // The descriptor belongs to the library.
    asio::error_code ignored;
    socket_.cancel(ignored);
    socket_.release();
    bus_.reset();
}

std::string Connection::Impl::uniqueName() const {
    return bus_ ? bus_->getUniqueName() : "";
}

// ---- calls out ----

void Connection::Impl::call(const Request& request, Duration limit,
                            std::function<void(Reply)> handler) {
    const auto id = ++lastId_;
    const bool full = pending_.size() >= kMaxCalls;
    auto& pending = pending_[id];
    pending.handler = std::move(handler);
    if (!bus_) {
        finish(id, std::unexpected(
                       callError({ErrorKind::disconnected, "the connection to the bus is lost"})));
    } else if (full) {
        finish(id, std::unexpected(
                       callError({ErrorKind::full, fmt::format("{} calls wait", kMaxCalls)})));
    } else {
        pending.timer = clock_.after(limit, [this, id, limit] {
            const auto text = fmt::format("no answer within {}", formatDuration(limit));
            finish(id, std::unexpected(callError({ErrorKind::timedOut, text})));
        });
        send(id, request);
    }
}

void Connection::Impl::send(std::uint64_t id, const Request& request) {
    try {
        auto proxy = sdbus::createProxy(*bus_, request.destination, request.path);
        auto message = proxy->createMethodCall(request.interface, request.method);
        if (auto written = encode(message, request.arguments); !written) {
            finish(id, std::unexpected(callError(written.error().in(request.method))));
            return;
        }
        auto handler = [this, id](sdbus::MethodReply& reply, const sdbus::Error* error) {
            guard("reply", [&] { onReply(id, reply, error); });
        };
        proxy->callMethod(message, handler, kNoLibraryTimeout);
        pending_.at(id).proxy = std::move(proxy);
        schedule();
    } catch (const sdbus::Error& error) {
        checkMemory(error);
        const auto kind = isOpen() ? ErrorKind::invalid : ErrorKind::disconnected;
        finish(id, std::unexpected(callError({kind, error.getMessage()}, error.getName())));
    }
}

void Connection::Impl::onReply(std::uint64_t id, sdbus::MethodReply& reply,
                               const sdbus::Error* error) {
    if (error != nullptr) {
        const auto& text = error->getMessage().empty() ? error->getName() : error->getMessage();
        finish(id, std::unexpected(callError({kindOf(error->getName()), text}, error->getName())));
        return;
    }
    auto values = decode(reply);
    if (values) {
        finish(id, std::move(*values));
    } else {
        finish(id, std::unexpected(callError(values.error().in("reply"))));
    }
}

void Connection::Impl::finish(std::uint64_t id, Reply reply) {
    auto node = pending_.extract(id);
    if (!node) return;
    // The proxy is dropped from the queue, never inside its own callback.
    auto pending = std::make_shared<Pending>(std::move(node.mapped()));
    pending->timer.cancel();
    enqueue("reply", [pending, reply = std::move(reply)] { pending->handler(reply); });
}

void Connection::Impl::finishAll(const Error& why) {
    while (!pending_.empty()) {
        auto& pending = pending_.begin()->second;
        pending.proxy.reset();
        finish(pending_.begin()->first, std::unexpected(callError(why)));
    }
}

// ---- signals in ----

Result<Match> Connection::Impl::match(const std::string& rule,
                                      std::function<void(const Signal&)> handler) {
    if (!bus_) return fail(ErrorKind::disconnected, "the connection to the bus is lost");
    const auto id = ++lastId_;
    try {
        auto slot = bus_->addMatch(rule, [this, id](sdbus::Message& message) {
            guard("signal", [&] { onSignal(id, message); });
        });
        matches_[id] = {std::move(slot), std::make_shared<const std::function<void(const Signal&)>>(
                                             std::move(handler))};
    } catch (const sdbus::Error& error) {
        checkMemory(error);
        return fail(ErrorKind::invalid, "match {}: {}", rule, error.getMessage());
    }
    schedule();
    auto remove = [weak = weak_from_this(), id](void*) {
        if (auto self = weak.lock()) self->unmatch(id);
    };
    return Match(std::shared_ptr<void>(nullptr, remove));
}

void Connection::Impl::unmatch(std::uint64_t id) {
    if (matches_.erase(id) > 0) schedule();
}

void Connection::Impl::onSignal(std::uint64_t id, sdbus::Message& message) {
    auto values = decode(message);
    Signal signal{message.getSender(),
                  message.getPath(),
                  message.getInterfaceName(),
                  message.getMemberName(),
                  {}};
    if (!values) {
        log_.warning("signal {}.{} is dropped: {}", signal.interface, signal.member,
                     values.error().message);
        return;
    }
    signal.arguments = std::move(*values);
    enqueue("signal", [this, id, signal = std::move(signal)] {
        const auto found = matches_.find(id);
        if (found == matches_.end()) return;
        const auto handler = found->second.handler;
        (*handler)(signal);
    });
}

// ---- the public face ----

Connection::Connection(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Connection::~Connection() {
    impl_->setLost(nullptr);
    impl_->close(Error{ErrorKind::cancelled, "the connection to the bus was closed"});
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& address, Clock& clock,
                                                     Log log) {
    try {
        checkAnswers(address);
        auto impl = std::make_shared<Impl>(connectTo(address), clock, std::move(log));
        impl->start();
        return std::unique_ptr<Connection>(new Connection(std::move(impl)));
    } catch (const std::exception& error) {
        return fail(ErrorKind::unavailable, "bus {}: {}", address, error.what());
    }
}

void Connection::onLost(std::function<void()> handler) {
    impl_->setLost(std::move(handler));
}

bool Connection::isOpen() const {
    return impl_->isOpen();
}

std::string Connection::uniqueName() const {
    return impl_->uniqueName();
}

void Connection::call(Request request, Duration limit, std::function<void(Reply)> handler) {
    impl_->call(request, limit, std::move(handler));
}

asio::awaitable<Reply> Connection::call(Request request, Duration limit) {
    Answer<Reply> answer;
    auto& clock = impl_->clock();
    impl_->call(request, limit, [answer](Reply reply) { answer.set(std::move(reply)); });
    // The call itself keeps the limit; this one only has to be later.
    const auto later = limit + std::chrono::seconds{1};
    auto reply = co_await answer.wait(clock, later);
    if (reply) co_return std::move(*reply);
    co_return std::unexpected(callError(reply.error()));
}

Result<Match> Connection::match(const std::string& rule,
                                std::function<void(const Signal&)> handler) {
    return impl_->match(rule, std::move(handler));
}

asio::awaitable<Status> Connection::requestName(std::string name, Duration limit) {
    const std::string bus(kBus);
    Request request{bus, "/org/freedesktop/DBus", bus, "RequestName", {name, kDoNotQueue}};
    auto reply = co_await call(std::move(request), limit);
    if (!reply) co_return std::unexpected(reply.error().in(name));
    const auto* code = reply->empty() ? nullptr : reply->front().get<std::uint32_t>();
    if (code == nullptr || (*code != kPrimaryOwner && *code != kAlreadyOwner))
        co_return fail(ErrorKind::refused, "{}: the name has another owner on the bus", name);
    co_return Status{};
}

Result<std::unique_ptr<ExportedObject>> Connection::exportObject(
    const std::string& path, std::vector<Interface> interfaces) {
    return impl_->exportObject(path, std::move(interfaces));
}

Status Connection::addObjectManager(const std::string& path) {
    return impl_->addObjectManager(path);
}

}  // namespace vitalgate::dbus
