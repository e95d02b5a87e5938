#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "tests/support/temp_dir.hpp"

namespace vitalgate::testing {

/// Certificates for tests, made with the openssl command in a temporary folder. Each NAME has
/// NAME.pem and NAME.key; all but "stranger" (and what it signs) come from the authority ca.pem,
/// whose revocation list is crl.pem.
///
///   server          names localhost and 127.0.0.1
///   server-elsewhere names other.example only
///   server-cn       names localhost in CN only
///   server-expired  like server, valid for one day of 2020
///   server-revoked  like server, on the revocation list
///   server-stranger like server, signed by the authority stranger.pem
///   client          of a hub; client-stranger likewise, signed by stranger.pem
class Certificates {
  public:
    Certificates() {
        writeFile(directory_ / "ca.cnf", kAuthority);
        writeFile(directory_ / "make", kScript);
        const auto command = "cd " + directory_.path().string() + " && sh -e ./make > log 2>&1";
        if (std::system(command.c_str()) != 0) {
            throw std::runtime_error("certificates: " + readFile(directory_ / "log"));
        }
    }
    [[nodiscard]] std::string operator/(const std::string& name) const { return directory_ / name; }

  private:
    static constexpr auto kAuthority = R"(
[ca]
default_ca = this
[this]
database = index
serial = serial
crlnumber = crlnumber
new_certs_dir = .
default_md = sha256
policy = any
default_days = 30
default_crl_days = 30
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
)";
    static constexpr auto kScript = R"(
touch index
echo 01 > serial
echo 01 > crlnumber
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
        -subj "/CN=$1" -keyout $1.key -out $1.pem -addext keyUsage=keyCertSign,cRLSign
}
sign() { # NAME CN AUTHORITY SUBJECT-ALTERNATIVE-NAME [DATES]
    if [ -n "$4" ]; then extension="-addext subjectAltName=$4"; else extension=""; fi
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" \
        -keyout $1.key -out $1.csr $extension
    openssl ca -batch -config ca.cnf -cert $3.pem -keyfile $3.key -in $1.csr -out $1.pem -notext $5
}
authority ca
authority stranger
here=DNS:localhost,IP:127.0.0.1
sign server localhost ca $here
sign server-elsewhere other.example ca DNS:other.example
sign server-cn localhost ca ""
sign server-expired localhost ca $here "-startdate 20200101000000Z -enddate 20200102000000Z"
sign server-revoked localhost ca $here
sign server-stranger localhost stranger $here
sign client hub-1 ca ""
sign client-stranger hub-1 stranger ""
openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -revoke server-revoked.pem
openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out crl.pem
)";
    TempDir directory_;
};

/// Made once per test program, when first asked for.
inline const Certificates& certificates() {
    static const Certificates made;
    return made;
}

}  // namespace vitalgate::testing
