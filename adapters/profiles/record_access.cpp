#include "adapters/profiles/record_access.hpp"

#include <algorithm>
#include <array>

#include "adapters/profiles/date_time.hpp"
#include "adapters/profiles/decoding.hpp"

namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kCountResponse = 5;
constexpr std::uint8_t kResponse = 6;

enum Operator : std::uint8_t {
    none = 0,
    all = 1,
    atMost = 2,
    atLeast = 3,
    between = 4,
    first = 5,
    last = 6
};

constexpr std::array<std::string_view, 9> kOperations{
    "unknown",  "report-records",  "delete-records",   "abort", "count-records", "count-response",
    "response", "report-combined", "combined-response"};
constexpr std::array<std::string_view, 7> kOperators{"none",    "all",   "at-most", "at-least",
                                                     "between", "first", "last"};
constexpr std::array<std::string_view, 3> kFilters{"none", "number", "user-facing-time"};
constexpr std::array<std::string_view, 11> kAnswers{"unknown",
                                                    "success",
                                                    "operation-unsupported",
                                                    "operator-invalid",
                                                    "operator-unsupported",
                                                    "operand-invalid",
                                                    "no-records",
                                                    "abort-failed",
                                                    "not-completed",
                                                    "operand-unsupported",
                                                    "server-busy"};

Bytes request(RecordOperation operation, Operator which) {
    return {static_cast<std::uint8_t>(operation), static_cast<std::uint8_t>(which)};
}

ByteWriter filtered(RecordOperation operation, Operator which) {
    ByteWriter out;
    out.octets(request(operation, which));
    out.u8(static_cast<std::uint8_t>(RecordFilter::number));
    return out;
}

/// One end of what is asked for. Nothing for a reserved type of filter.
std::optional<Field> readOperand(ByteReader& reader, std::uint8_t filter, std::string_view field,
                                 std::string name) {
    switch (RecordFilter{filter}) {
        case RecordFilter::number:
            return Field{std::move(name), double(reader.u16(field))};
        case RecordFilter::userFacingTime:
            return Field{std::move(name), readDateTime(reader).text()};
    }
    return std::nullopt;
}

/// Filter and operands of a request.
void readOperands(ByteReader& reader, std::uint8_t which, std::vector<Field>& fields) {
    if (which < atMost || which > between) return;
    const auto filter = reader.u8("filter type");
    fields.push_back({"filter", std::string(wordOf(kFilters, filter))});
    const auto operand = readOperand(reader, filter, "operand", which == atMost ? "last" : "first");
    if (!operand) {
        reader.octets(reader.remaining(), "operand");
        return;
    }
    fields.push_back(*operand);
    if (which == between) {
        fields.push_back(*readOperand(reader, filter, "second operand", "last"));
    }
}

}  // namespace

Bytes allRecords(RecordOperation operation) {
    return request(operation, all);
}

Bytes recordsFrom(RecordOperation operation, std::uint16_t number) {
    return filtered(operation, atLeast).u16(number).bytes();
}

Bytes recordsUpTo(RecordOperation operation, std::uint16_t number) {
    return filtered(operation, atMost).u16(number).bytes();
}

Bytes recordsBetween(RecordOperation operation, std::uint16_t low, std::uint16_t high) {
    return filtered(operation, between).u16(low).u16(high).bytes();
}

Bytes abortRecords() {
    return request(RecordOperation::abort, none);
}

std::expected<RecordAnswer, DecodeError> decodeRecordAnswer(ByteView value) {
    ByteReader reader(value);
    const auto operation = reader.u8("op code");
    reader.u8("operator");
    RecordAnswer answer;
    if (operation == kCountResponse) {
        answer.operation = static_cast<std::uint8_t>(RecordOperation::count);
        answer.count = reader.u16("number of records");
    } else {
        answer.operation = reader.u8("requested op code");
        answer.code = reader.u8("response code");
    }
    if (auto error = lengthError(reader, false)) return std::unexpected(std::move(*error));
    if (operation == kCountResponse || operation == kResponse) return answer;
    return std::unexpected(
        DecodeError{v1::REFUSED_MALFORMED, "op code", 0, "op code: octet 0 is that of no answer"});
}

std::string_view recordAnswerWord(std::uint8_t code) {
    return wordOf(kAnswers, code);
}

DecodeResult recordAccessFields(ByteView value, const DecodeOptions& options) {
    ByteReader reader(value, options.trace);
    const auto operation = reader.u8("op code");
    const auto which = reader.u8("operator");
    std::vector<Field> fields{{"operation", std::string(wordOf(kOperations, operation))}};
    if (operation == kCountResponse) {
        fields.push_back({"records", double(reader.u16("number of records"))});
    } else if (operation == kResponse) {
        fields.push_back(
            {"requested", std::string(wordOf(kOperations, reader.u8("requested op code")))});
        fields.push_back({"answer", std::string(wordOf(kAnswers, reader.u8("response code")))});
    } else {
        fields.push_back({"operator", std::string(wordOf(kOperators, which))});
        readOperands(reader, which, fields);
    }
    return conclude(std::move(fields), reader, options);
}

}  // namespace vitalgate::profiles
