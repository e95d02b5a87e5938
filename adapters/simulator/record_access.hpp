#pragma once

#include <vector>

#include "adapters/simulator/output.hpp"
#include "adapters/simulator/record_store.hpp"
#include "adapters/simulator/scenario.hpp"

namespace vitalgate::simulator {

/// Record Access Control Point (0x2A52), which several services have: gives out, counts and deletes
/// records, with the faults that the scenario asks for.
class RecordAccess {
  public:
    static inline const Uuid kControlPoint{0x2a52};

    /// What a service has of it.
    enum class Operators {
        every,  ///< all, at most, at least, range, first, last
        all     ///< all records at once, and no choice
    };

    /// `store` must outlive it. `together`: so many records go in one value.
    RecordAccess(RecordStore& store, RecordAccessFaults faults, Operators operators,
                 std::size_t together = 1);

    [[nodiscard]] static Characteristic characteristic() {
        return {kControlPoint, {.write = true, .indicate = true}};
    }
    AttResult<Answer> write(ByteView value, bool isAnswering);

  private:
    using Chosen = std::vector<const Record*>;

    [[nodiscard]] std::expected<Chosen, std::uint8_t> choose(ByteView request) const;
    [[nodiscard]] std::expected<Chosen, std::uint8_t> between(ByteView operands,
                                                              std::uint8_t which) const;
    void run(ByteView request, Outputs& out);
    void give(const Chosen& chosen, Outputs& out);
    /// Sends it, twice, or not at all, as the faults have it.
    void answer(Bytes response, Outputs& out);
    void respond(std::uint8_t operation, std::uint8_t code, Outputs& out);

    RecordStore& store_;
    RecordAccessFaults faults_;
    Operators operators_;
    std::size_t together_;
    std::uint32_t endings_ = 0;
};

}  // namespace vitalgate::simulator
