#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/runtime/clock.hpp"

namespace vitalgate::simulator {

/// What really happened, one JSON object a line, each flushed at once: with it the readings that
/// arrive somewhere can be accounted for. All on the loop's thread.
class Ledger {
  public:
    struct Field {
        std::string_view name;
        std::variant<std::string, std::uint64_t> value;
    };

    /// Null: writes nothing. Both must outlive this.
    Ledger(std::ostream* out, Clock& clock) : out_(out), clock_(clock) {}

    /// {"t":…,"device":…,"what":…} and the fields in their order.
    void write(std::string_view device, std::string_view what,
               const std::vector<Field>& fields = {});

    /// False once a line could not be written: the ledger is then not complete.
    [[nodiscard]] bool isComplete() const { return complete_; }

  private:
    std::ostream* out_;
    Clock& clock_;
    bool complete_ = true;
};

}  // namespace vitalgate::simulator
