#pragma once

#include <map>
#include <optional>
#include <vector>

#include "adapters/simulator/encode.hpp"
#include "adapters/simulator/output.hpp"

namespace vitalgate::simulator {

/// User Data Service (0x181C) of a device that shows a person's data only to whoever knows the
/// person's code: User Control Point, User Index and Database Change Increment.
class UserData {
  public:
    /// Codes by the device's own number of the user; none: the device has no such service.
    explicit UserData(std::map<std::uint8_t, std::uint16_t> codes) : codes_(std::move(codes)) {}

    [[nodiscard]] bool isThere() const { return !codes_.empty(); }
    static void describe(Database& database);
    /// Nothing: no characteristic of this service.
    [[nodiscard]] std::optional<AttResult<Bytes>> read(const Uuid& characteristic) const;
    std::optional<AttResult<Answer>> write(const Uuid& characteristic, ByteView value,
                                           bool isAnswering);

    /// The one who has agreed, on this link.
    [[nodiscard]] std::optional<std::uint8_t> user() const { return user_; }
    void disconnected() { user_.reset(); }

  private:
    AttResult<Answer> ask(ByteView request, bool isAnswering);
    [[nodiscard]] Bytes registerUser(ByteView code);
    [[nodiscard]] Bytes consent(ByteView operands);
    /// The one who has agreed, or the one that is named.
    [[nodiscard]] Bytes deleteUser();
    [[nodiscard]] Bytes deleteUser(ByteView index);

    std::map<std::uint8_t, std::uint16_t> codes_;
    std::optional<std::uint8_t> user_;
    std::uint32_t changes_ = 0;
};

}  // namespace vitalgate::simulator
