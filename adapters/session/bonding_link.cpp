#include "adapters/session/bonding_link.hpp"

namespace vitalgate::session {

asio::awaitable<Result<Bytes>> BondingLink::read(Characteristic characteristic) {
    auto result = co_await link_.read(characteristic, limits_.read);
    if (result) co_return result;
    const bool again = co_await bondAfter(result.error().kind);
    if (again) result = co_await link_.read(characteristic, limits_.read);
    co_return result;
}

asio::awaitable<Status> BondingLink::write(Characteristic characteristic, Bytes value) {
    auto result = co_await link_.write(characteristic, value, limits_.write);
    if (result) co_return result;
    const bool again = co_await bondAfter(result.error().kind);
    if (again) result = co_await link_.write(characteristic, value, limits_.write);
    co_return result;
}

asio::awaitable<Status> BondingLink::subscribe(Characteristic characteristic) {
    auto result = co_await link_.subscribe(characteristic, limits_.subscribe);
    if (result) co_return result;
    const bool again = co_await bondAfter(result.error().kind);
    if (again) result = co_await link_.subscribe(characteristic, limits_.subscribe);
    co_return result;
}

asio::awaitable<Status> BondingLink::bond() {
    if (tried_) co_return fail(ErrorKind::refused, "was tried in this conversation already");
    tried_ = true;
    co_return co_await link_.pair(limits_.pair);
}

asio::awaitable<bool> BondingLink::bondAfter(ErrorKind kind) {
    if (kind != ErrorKind::authentication || tried_) co_return false;
    log_.info("asks for a bond");
    const auto bonded = co_await bond();
    if (!bonded) log_.warning("bond: {}", bonded.error().message);
    co_return bonded.has_value();
}

}  // namespace vitalgate::session
