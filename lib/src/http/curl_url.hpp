#pragma once

#include <curl/curl.h>

#include <memory>
#include <new>
#include <string>

namespace farebench {

/// A URL as libcurl reads it. Throws std::bad_alloc where that has no memory.
class curl_url {
 public:
  curl_url() : url_{::curl_url()} {
    if (!url_) throw std::bad_alloc{};
  }

  /// An absolute URL, or one relative to what it is so far. False when libcurl does not take it.
  bool set(const std::string& text, unsigned flags = 0);
  /// A part as it stands there; empty without one.
  std::string part(CURLUPart which, unsigned flags = 0) const;

 private:
  struct cleanup {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
  };
  std::unique_ptr<CURLU, cleanup> url_;
};

}  // namespace farebench
