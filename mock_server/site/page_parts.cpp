#include "mock_server/site/page_parts.hpp"

namespace farebench {

void append_page_head(std::string& page, std::string_view title_html) {
  page += R"(<!DOCTYPE html>
<html lang="cs">
<head>
<meta charset="utf-8">
<title>)";
  page += title_html;
  page += R"(</title>
<style>.select-line > b { font: bold 1em sans-serif }</style>
<script>var row = "<div class='select-line'>00:00 23:59 Fake 1 1 CZK<\/div>";</script>
</head>
<body>
<div class="header"><a href="/m/">Jízdenky</a></div>
)";
}

void append_search_form(std::string& page, std::string_view from, std::string_view to,
                        std::string_view departure) {
  page += R"(<form method="post" action=")";
  page += search_target;
  page += R"("><div>
<input name="fromStation" value=")";
  page += from;
  page += R"(">
<input name="toStation" value=")";
  page += to;
  page += R"(">
<input name="departure" value=")";
  page += departure;
  page += R"(">
<button>Hledat</button>
</div></form>
)";
}

}  // namespace farebench
