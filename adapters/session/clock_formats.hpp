#pragma once

#include "adapters/profiles/date_time.hpp"
#include "adapters/session/database.hpp"
#include "gateway/base/error.hpp"
#include "gateway/runtime/time_zone.hpp"

namespace vitalgate::session {

/// What a clock of any kind shows (Current Time, Date Time, Elapsed Time, Device Time), in local
/// time; one that shows UTC without an offset is taken into the zone whose `offset` that is.
Result<profiles::CurrentTime> decodeClock(std::uint16_t characteristic, ByteView value,
                                          const Database& database, std::chrono::seconds offset);

/// What to write into it. `shown` is what an Elapsed Time shows: it takes its own form alone.
Result<Bytes> encodeClock(std::uint16_t characteristic, WallTime now, const TimeZone& zone,
                          ByteView shown);

/// A request to the control point of the Device Time Service, 0x2B91.
Result<Bytes> timeProposal(const Database& database, WallTime now, const TimeZone& zone);
bool isTimeAnswer(ByteView value, std::uint8_t request);
/// ErrorKind::refused with what the device says.
Status proposalTaken(ByteView answer, const Database& database);

}  // namespace vitalgate::session
