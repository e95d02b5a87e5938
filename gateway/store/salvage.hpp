#pragma once

#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::store {

/// Makes a new store, with a stream of its own, beside the damaged one that the options name, and
/// carries over what can be read of it: bookmarks, the ledger of commands, what was not delivered
/// everywhere, in its order and under the same ids, and the ids of what was delivered. Its first
/// record says so; losses name each undelivered sequence of the old stream as moved or as damaged.
/// What StoreOptions::salvageLimit leaves no time for is left to UnfinishedSalvage. The damaged
/// file stays as it is; takeSalvaged() puts the new one in its place.
///
/// ErrorKind::unavailable if another process has the file or the disk fails, full without room for
/// the new one, refused if the file was never a store, authentication if the key is another.
Status salvage(const StoreOptions& options, const Error& damage, const Clock& clock,
               const Log& log);

}  // namespace vitalgate::store
