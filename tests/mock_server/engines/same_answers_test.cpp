#include <gmock/gmock.h>

#include <map>
#include <string>

#include "mock_server/engines/server_engine.hpp"
#include "tests/mock_server/engines/raw_client.hpp"

namespace farebench {
namespace {

// A request of each kind and the status of its response. "$S" stands for the cookie of a live session.
struct expected_exchange {
  std::string name;
  std::string request;
  std::string status_line;
};

std::string posted(std::string_view target, std::string_view headers, std::string_view body) {
  return "POST " + std::string{target} + " HTTP/1.1\r\nHost: x\r\n" + std::string{headers} +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

std::vector<expected_exchange> table() {
  const std::string search = "/m/?0-1.IFormSubmitListener-searchForm-form";
  const std::string form_type = "Content-Type: application/x-www-form-urlencoded\r\n";
  const std::string form = "fromStation=ID10202003&toStation=ID10202002&departure=01.01.26";
  const std::string session = "Cookie: $S\r\n";
  return {
      {"search", posted(search, session + form_type, form), "200 OK"},
      {"search_with_more_cookies", posted(search, "Cookie: a=b; $S\r\n" + form_type, form), "200 OK"},
      {"head", "HEAD /m/ HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"},
      {"start_page", "GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"},
      {"last_on_its_connection", "GET /m/ HTTP/1.1\r\nConnection: close\r\n\r\n", "200 OK"},
      {"no_date", posted(search, session + form_type, "fromStation=ID1&toStation=ID2"), "400 Bad Request"},
      {"no_form", posted(search, session, form), "400 Bad Request"},
      {"no_http", "hello\r\n\r\n", "400 Bad Request"},
      {"no_method", "BREW /m/ HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request"},
      {"no_version", "GET /m/ HTTP/3.0\r\nHost: x\r\n\r\n", "400 Bad Request"},
      {"long_header", "GET /m/ HTTP/1.1\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n", "400 Bad Request"},
      {"bad_length", "PUT /m/ HTTP/1.1\r\nContent-Length: x\r\n\r\n", "400 Bad Request"},
      {"form_without_length", "POST " + search + " HTTP/1.1\r\n" + session + form_type + "\r\n",
       "400 Bad Request"},
      {"put_of_10_kb", "PUT /m/ HTTP/1.1\r\nContent-Length: 10000\r\n\r\n" + std::string(10'000, 'x'),
       "405 Method Not Allowed"},
      {"put_in_chunks", "PUT /m/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
       "405 Method Not Allowed"},
      {"long_form_in_chunks",
       "POST " + search + " HTTP/1.1\r\n" + session + form_type +
           "Transfer-Encoding: chunked\r\n\r\n2328\r\n" + std::string(9'000, 'x') + "\r\n0\r\n\r\n",
       "413 Payload Too Large"},
      {"range", "GET /m/ HTTP/1.1\r\nRange: bytes=0-9\r\n\r\n", "200 OK"},
      {"no_session", posted(search, form_type, form), "403 Forbidden"},
      {"no_page", "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found"},
      {"no_form_there", posted("/m/?other", session + form_type, form), "404 Not Found"},
      {"stats_put", "PUT /stats HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found"},
      {"start_put", "PUT /m/ HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "405 Method Not Allowed"},
      {"search_get", "GET " + search + " HTTP/1.1\r\nHost: x\r\n\r\n", "405 Method Not Allowed"},
      {"long_form", posted(search, session + form_type, std::string(9'000, 'x')), "413 Payload Too Large"},
      {"long_target", "GET /" + std::string(9'000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", "414 URI Too Long"},
  };
}

struct parsed_response {
  std::string status_line;
  std::map<std::string, std::string> headers;
  std::string body;
};

// Without the parts that may differ: the session's number, and Keep-Alive, whose timeout is the engine's own.
parsed_response parse_response(const std::string& response) {
  parsed_response read;
  const std::size_t head_end = response.find("\r\n\r\n");
  read.body = response.substr(std::min(head_end, response.size() - 4) + 4);
  std::size_t at = response.find("\r\n");
  read.status_line = response.substr(0, at);
  while (at < head_end) {
    const std::size_t start = at + 2;
    at = response.find("\r\n", start);
    const std::string line = response.substr(start, at - start);
    const std::size_t colon = line.find(": ");
    read.headers[line.substr(0, colon)] = line.substr(colon + 2);
  }
  read.headers.erase("Keep-Alive");
  if (const auto cookie = read.headers.find("Set-Cookie"); cookie != read.headers.end()) {
    cookie->second.replace(std::string_view{"JSESSIONID="}.size(), 32, "N");
  }
  return read;
}

class served_by {
 public:
  explicit served_by(engine_kind kind) : engine_(make_engine(kind, site_, {})) {
    raw_client raw{engine_->port()};
    raw.send("GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string response = raw.receive_response();
    const std::size_t at = response.find("JSESSIONID=");
    session_ = response.substr(at, response.find(';', at) - at);
  }

  parsed_response ask(std::string request) {
    if (const std::size_t at = request.find("$S"); at != std::string::npos) request.replace(at, 2, session_);
    raw_client raw{engine_->port()};
    raw.send(request);
    return parse_response(request.starts_with("HEAD") ? raw.receive_until("\r\n\r\n")
                                                      : raw.receive_response());
  }
  server_stats stats() { return engine_->stats(); }

 private:
  site site_{3};
  std::unique_ptr<server_engine> engine_;
  std::string session_;
};

TEST(engines, give_the_same_responses) {
  served_by httplib{engine_kind::cpp_httplib};
  served_by event{engine_kind::beast};
  for (const auto& [name, request, status_line] : table()) {
    const parsed_response one = httplib.ask(request);
    const parsed_response other = event.ask(request);
    EXPECT_EQ(one.status_line, "HTTP/1.1 " + status_line) << name;
    EXPECT_EQ(one.status_line, other.status_line) << name;
    EXPECT_EQ(one.headers, other.headers) << name;
    EXPECT_EQ(one.body, other.body) << name;
  }
}

TEST(engines, count_the_same) {
  served_by httplib{engine_kind::cpp_httplib};
  served_by event{engine_kind::beast};
  for (const auto& exchange : table()) {
    httplib.ask(exchange.request);
    event.ask(exchange.request);
  }
  const server_stats one = httplib.stats();
  const server_stats other = event.stats();
  EXPECT_EQ(one.requests, table().size()) << "the one for /stats not, but the one for the session";
  EXPECT_EQ(one.requests, other.requests);
  EXPECT_EQ(one.in_flight_peak, other.in_flight_peak);
  EXPECT_EQ(one.sessions, other.sessions);
  EXPECT_EQ(one.connections_accepted, other.connections_accepted);
}

}  // namespace
}  // namespace farebench
