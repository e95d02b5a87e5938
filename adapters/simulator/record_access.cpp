#include "adapters/simulator/record_access.hpp"

#include <algorithm>

namespace vitalgate::simulator {

namespace {

enum Operation : std::uint8_t { report = 1, remove = 2, abort = 3, count = 4 };
constexpr std::uint8_t kCountResponse = 5;
constexpr std::uint8_t kResponse = 6;

enum Operator : std::uint8_t { none, all, atMost, atLeast, range, first, last };
constexpr std::uint8_t kByNumber = 1;

enum Code : std::uint8_t {
    success = 1,
    operationUnsupported = 2,
    operatorInvalid = 3,
    operatorUnsupported = 4,
    operandInvalid = 5,
    noRecords = 6,
    operandUnsupported = 9,
};

constexpr std::size_t kHeader = 2;
constexpr std::size_t kFilterAndNumber = 3;
constexpr std::size_t kFilterAndTwoNumbers = 5;

std::uint16_t number(ByteView octets, std::size_t at) {
    return static_cast<std::uint16_t>(octets[at] | octets[at + 1] << 8);
}

/// Another request than this one.
std::uint8_t other(std::uint8_t operation) {
    return operation == report ? count : report;
}

/// Takes one, if there is one left.
bool use(std::uint32_t& left) {
    if (left == 0) return false;
    --left;
    return true;
}

}  // namespace

RecordAccess::RecordAccess(RecordStore& store, RecordAccessFaults faults, Operators operators,
                           std::size_t together)
    : store_(store), faults_(faults), operators_(operators), together_(together) {}

AttResult<Answer> RecordAccess::write(ByteView value, bool isAnswering) {
    if (value.size() < kHeader) return std::unexpected(AttError::invalidLength);
    Answer out;
    if (value[0] == abort) {
        out.abandons = value[1] == none;
        const std::uint8_t code = out.abandons ? success : operatorInvalid;
        out.outputs.push_back({kControlPoint, {kResponse, none, abort, code}});
        return out;
    }
    if (isAnswering || use(faults_.busy)) return std::unexpected(AttError::procedureInProgress);
    if (use(faults_.ignore)) return out;
    run(value, out.outputs);
    return out;
}

void RecordAccess::run(ByteView request, Outputs& out) {
    const auto operation = request[0];
    if (operation != report && operation != remove && operation != count) {
        return respond(operation, operationUnsupported, out);
    }
    const auto chosen = choose(request);
    if (!chosen) return respond(operation, chosen.error(), out);
    if (operation == count) {
        ByteWriter response;
        response.u8(kCountResponse).u8(none).u16(static_cast<std::uint16_t>(chosen->size()));
        return answer(response.bytes(), out);
    }
    if (chosen->empty()) return respond(operation, noRecords, out);
    if (operation == report) {
        give(*chosen, out);
    } else {
        std::vector<std::uint64_t> numbers;
        for (const auto* record : *chosen) numbers.push_back(record->number);
        store_.remove([&](const Record& record) {
            return std::ranges::find(numbers, record.number) != numbers.end();
        });
    }
    respond(operation, success, out);
}

std::expected<RecordAccess::Chosen, std::uint8_t> RecordAccess::choose(ByteView request) const {
    const auto which = request[1];
    const auto operands = request.subspan(kHeader);
    if (which == none) return std::unexpected(operatorInvalid);
    const bool isKnown = operators_ == Operators::every ? which <= last : which == all;
    if (!isKnown || (faults_.noAtLeast && which == atLeast)) {
        return std::unexpected(operatorUnsupported);
    }
    if (which >= atMost && which <= range) return between(operands, which);
    if (!operands.empty()) return std::unexpected(operandInvalid);
    Chosen chosen;
    for (const auto& record : store_.all()) chosen.push_back(&record);
    if (which == first && !chosen.empty()) chosen.resize(1);
    if (which == last && !chosen.empty()) chosen = {chosen.back()};
    return chosen;
}

std::expected<RecordAccess::Chosen, std::uint8_t> RecordAccess::between(ByteView operands,
                                                                        std::uint8_t which) const {
    if (!operands.empty() && operands[0] != kByNumber) return std::unexpected(operandUnsupported);
    const auto needed = which == range ? kFilterAndTwoNumbers : kFilterAndNumber;
    if (operands.size() != needed) return std::unexpected(operandInvalid);
    std::uint16_t low = 0;
    std::uint16_t high = 0xffff;
    if (which != atMost) low = number(operands, 1);
    if (which == atMost) high = number(operands, 1);
    if (which == range) high = number(operands, 3);
    if (low > high) return std::unexpected(operandInvalid);
    Chosen chosen;
    for (const auto& record : store_.all()) {
        if (record.key >= low && record.key <= high) chosen.push_back(&record);
    }
    return chosen;
}

void RecordAccess::give(const Chosen& chosen, Outputs& out) {
    auto ordered = chosen;
    if (faults_.reverse) std::ranges::reverse(ordered);
    const bool mayEnd = faults_.disconnectTimes == 0 || endings_ < faults_.disconnectTimes;
    std::size_t packed = 0;
    for (std::size_t i = 0; i < ordered.size(); ++i) {
        const auto& record = *ordered[i];
        const bool joins = packed > 0 && packed < together_ && record.values.size() == 1;
        for (auto value : record.values) {
            if (joins) {
                auto& before = out.back();
                before.value.insert(before.value.end(), value.value.begin(), value.value.end());
                before.numbers.push_back(record.number);
                continue;
            }
            value.numbers = {record.number};
            value.plain.reset();
            out.push_back(std::move(value));
        }
        packed = joins ? packed + 1 : 1;
        if (faults_.disconnectAfter && mayEnd && i + 1 == *faults_.disconnectAfter) {
            ++endings_;
            out.back().endsLink = true;
        }
    }
}

void RecordAccess::respond(std::uint8_t operation, std::uint8_t code, Outputs& out) {
    const auto named = use(faults_.wrongRequest) ? other(operation) : operation;
    answer({kResponse, none, named, code}, out);
}

void RecordAccess::answer(Bytes response, Outputs& out) {
    if (use(faults_.unanswered)) return;
    const bool twice = use(faults_.doubled);
    Output output{kControlPoint, std::move(response)};
    if (twice) out.push_back(output);
    out.push_back(std::move(output));
}

}  // namespace vitalgate::simulator
