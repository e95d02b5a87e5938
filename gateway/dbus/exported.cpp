#include "gateway/dbus/exported.hpp"

#include "gateway/dbus/connection_impl.hpp"
#include "gateway/dbus/message.hpp"

namespace vitalgate::dbus {

struct Call::State {
    std::weak_ptr<Connection::Impl> connection;
    std::uint64_t id = 0;
    std::string path;
    std::string method;
    std::string sender;
    Values arguments;

    ~State() {
        if (auto impl = connection.lock())
            impl->refuse(id, {"org.freedesktop.DBus.Error.NoReply", "the call was dropped"});
    }
};

const Values& Call::arguments() const {
    return state_->arguments;
}
const std::string& Call::path() const {
    return state_->path;
}
const std::string& Call::method() const {
    return state_->method;
}
const std::string& Call::sender() const {
    return state_->sender;
}

void Call::reply(Values values) const {
    if (auto impl = state_->connection.lock()) impl->answer(state_->id, values);
}

void Call::fail(RemoteError error) const {
    if (auto impl = state_->connection.lock()) impl->refuse(state_->id, error);
}

namespace {

class Exported final : public ExportedObject {
  public:
    Exported(std::weak_ptr<Connection::Impl> connection, std::uint64_t id, std::string path)
        : connection_(std::move(connection)), id_(id), path_(std::move(path)) {}
    ~Exported() override {
        if (auto impl = connection_.lock()) impl->unexport(id_);
    }

    void emit(const std::string& interface, const std::string& signal, Values values) override {
        with([&](sdbus::IObject& object) {
            auto message = object.createSignal(interface, signal);
            if (auto written = encode(message, values); !written)
                throw sdbus::Error("invalid", signal + ": " + written.error().message);
            object.emitSignal(message);
        });
    }
    void propertiesChanged(const std::string& interface,
                           const std::vector<std::string>& names) override {
        with([&](sdbus::IObject& object) { object.emitPropertiesChangedSignal(interface, names); });
    }
    void announce() override {
        with([](sdbus::IObject& object) { object.emitInterfacesAddedSignal(); });
    }
    void withdraw() override {
        with([](sdbus::IObject& object) { object.emitInterfacesRemovedSignal(); });
    }
    [[nodiscard]] const std::string& path() const override { return path_; }

  private:
    template <class Work>
    void with(Work work) {
        auto impl = connection_.lock();
        auto* object = impl ? impl->object(id_) : nullptr;
        if (object == nullptr) return;
        impl->guard("signal out", [&] { work(*object); });
        impl->schedule();
    }

    std::weak_ptr<Connection::Impl> connection_;
    std::uint64_t id_;
    std::string path_;
};

void writeProperty(sdbus::Message& message, const Property& property) {
    Value value;
    try {
        value = property.get();
    } catch (const std::exception& error) {
        throw sdbus::Error("org.freedesktop.DBus.Error.Failed", error.what());
    }
    if (value.signature() != property.signature)
        throw sdbus::Error("org.freedesktop.DBus.Error.Failed",
                           property.name + " is not of its type");
    if (auto written = encode(message, value); !written)
        throw sdbus::Error("org.freedesktop.DBus.Error.Failed", written.error().message);
}

void readProperty(sdbus::Message& message, const Property& property) {
    auto values = decode(message);
    if (!values || values->empty())
        throw sdbus::Error("org.freedesktop.DBus.Error.InvalidArgs", property.name);
    std::optional<RemoteError> refused;
    try {
        refused = property.set(values->front());
    } catch (const std::exception& error) {
        throw sdbus::Error("org.freedesktop.DBus.Error.Failed", error.what());
    }
    if (refused) throw sdbus::Error(refused->name, refused->message);
}

void addProperty(sdbus::IObject& object, const std::string& interface, const Property& property) {
    auto get = [property](sdbus::PropertyGetReply& reply) { writeProperty(reply, property); };
    if (property.set) {
        auto set = [property](sdbus::PropertySetCall& call) { readProperty(call, property); };
        object.registerProperty(interface, property.name, property.signature, get, set);
    } else {
        object.registerProperty(interface, property.name, property.signature, get);
    }
}

}  // namespace

Result<std::unique_ptr<ExportedObject>> Connection::Impl::exportObject(
    const std::string& path, std::vector<Interface> interfaces) {
    if (!bus_) return vitalgate::fail(ErrorKind::disconnected, "the connection to the bus is lost");
    try {
        auto object = sdbus::createObject(*bus_, path);
        for (auto& interface : interfaces) {
            for (auto& method : interface.methods) {
                auto handler =
                    std::make_shared<const std::function<void(Call)>>(std::move(method.handler));
                auto receiver = [this, handler, name = method.name](sdbus::MethodCall message) {
                    guard(name, [&] { receive(handler, name, message); });
                };
                object->registerMethod(interface.name, method.name, method.in, method.out,
                                       receiver);
            }
            for (const auto& property : interface.properties)
                addProperty(*object, interface.name, property);
            for (const auto& signal : interface.signals)
                object->registerSignal(interface.name, signal.name, signal.signature);
        }
        object->finishRegistration();
        const auto id = ++lastId_;
        objects_[id] = std::move(object);
        return std::make_unique<Exported>(weak_from_this(), id, path);
    } catch (const sdbus::Error& error) {
        return vitalgate::fail(ErrorKind::invalid, "export {}: {}", path, error.getMessage());
    }
}

sdbus::IObject* Connection::Impl::object(std::uint64_t id) {
    const auto found = objects_.find(id);
    return found == objects_.end() ? nullptr : found->second.get();
}

void Connection::Impl::unexport(std::uint64_t id) {
    objects_.erase(id);
}

Status Connection::Impl::addObjectManager(const std::string& path) {
    if (!bus_) return vitalgate::fail(ErrorKind::disconnected, "the connection to the bus is lost");
    try {
        bus_->addObjectManager(path, sdbus::floating_slot);
        return {};
    } catch (const sdbus::Error& error) {
        return vitalgate::fail(ErrorKind::invalid, "object manager {}: {}", path,
                               error.getMessage());
    }
}

void Connection::Impl::receive(const std::shared_ptr<const std::function<void(Call)>>& handler,
                               const std::string& method, sdbus::MethodCall message) {
    auto arguments = decode(message);
    auto state = std::make_shared<Call::State>();
    const auto id = ++lastId_;
    const bool full = calls_.size() >= kMaxCalls;
    calls_.emplace(id, message);
    if (full || !arguments) {
        refuse(id, {full ? "org.freedesktop.DBus.Error.LimitsExceeded"
                         : "org.freedesktop.DBus.Error.InvalidArgs",
                    full ? fmt::format("{} calls wait", kMaxCalls) : arguments.error().message});
        return;
    }
    state->connection = weak_from_this();
    state->id = id;
    state->path = message.getPath();
    state->method = method;
    state->sender = message.getSender();
    state->arguments = std::move(*arguments);
    enqueue("method call", [handler, call = Call(std::move(state))] { (*handler)(call); });
}

std::optional<sdbus::MethodCall> Connection::Impl::takeCall(std::uint64_t id) {
    auto node = calls_.extract(id);
    if (!node || node.mapped().doesntExpectReply()) return std::nullopt;
    schedule();
    return node.mapped();
}

void Connection::Impl::answer(std::uint64_t call, const Values& values) {
    const auto message = takeCall(call);
    if (!message) return;
    std::string failure;
    try {
        auto reply = message->createReply();
        const auto written = encode(reply, values);
        if (written) {
            reply.send();
            return;
        }
        failure = written.error().message;
    } catch (const sdbus::Error& error) {  // also when it is not of the announced signature
        failure = error.getMessage();
    }
    log_.error("reply out: {}", failure);
    guard("error out", [&] {
        const sdbus::Error error("org.freedesktop.DBus.Error.Failed", failure);
        message->createErrorReply(error).send();
    });
}

void Connection::Impl::refuse(std::uint64_t call, const RemoteError& error) {
    const auto message = takeCall(call);
    if (!message) return;
    guard("error out",
          [&] { message->createErrorReply(sdbus::Error(error.name, error.message)).send(); });
}

}  // namespace vitalgate::dbus
