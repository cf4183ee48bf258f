#pragma once

#include <array>
#include <string_view>

/// The markup that a bus row is laid out in: an element, and what stands around its words. Shared by what
/// writes rows and what finds them again.
namespace farebench::row_layouts {

struct element {
  std::string_view open;
  std::string_view close;
};

inline constexpr std::array<element, 9> compact_rows{{
    {R"(<div class="select-line">)", "</div>\n"},
    {R"(<div class="select-line">)", "</div>\n"},
    {R"(<div class="select-line" data-bus>)", "</div>\n"},
    {R"(<div class='select-line'>)", "</div>\n"},
    {R"(<div class="row select-line first">)", "</div>\n"},
    {R"(<div title="od > do" class='bus select-line'>)", "</div>\n"},
    {"<DIV CLASS=\"\n line\tselect-line \">", "</DIV>\n"},
    {R"(<section class=select-line>)", "</section>\n"},
    {R"(<article lang='cs' class = "line select-line"  >)", "</article>\n"},
}};

// What stands before each of the six words, and after the last. There is white space between two words in
// any case: markup alone would part them for people, but not in the text that parsers give.
using separators = std::array<std::string_view, 7>;
inline constexpr std::array<separators, 4> compact_words{{
    {"", " ", "\n", " ", "&nbsp;", " ", ""},
    {"<b>", "</b> <b>", "</b> ", " <i>", "</i> <b>", "</b>&nbsp;", ""},
    {"<b>", " </b><b>", "\n</b><i>", "</i> <u>", "</u><b> ", "&#160;", "</b>"},
    {" ", "<br>\n", "<!-- > --> ", "\t", " <br/>", " <b>", "</b>\n"},
}};

inline constexpr separators verbose_words{
    R"(
    <span class="col col-time departure" data-sort="departure" title="odjezd > v&nbsp;čase">)",
    R"(</span>
    <svg class="arrow" width="16" height="16" viewBox="0 0 16 16"><path d="M1 8h12M9 4l4 4-4 4" fill="none"/></svg>
    <span class="col col-time arrival" data-sort="arrival">)",
    R"(</span>
    <span class="col col-type"><span class="badge badge-type" style="color:#a40">)",
    R"(</span></span>
    <!-- volná místa -->
    <span class='col col-free' data-rule='free>0'>)",
    R"(</span>
    <span class="col col-price"><strong class="price">)",
    R"(</strong>&nbsp;<small class="currency">)",
    R"(</small></span>
    <input type="hidden" name="tariff" value="REGULAR"><img class="logo" alt="select-line" src="data:,">
  )"};

inline constexpr separators table_words{R"(<td class="departure">)",
                                        R"(&nbsp;</td><td class="arrival">)",
                                        R"( </td><td class="type">)",
                                        R"(</td> <td class="free"><b>)",
                                        R"(</b></td>
<td class="price">)",
                                        R"(</td><td class="currency"> )",
                                        R"(</td>)"};

inline constexpr element table_row{"<table class=\"line\"><tbody><tr class=\"even select-line\">",
                                   "</tr></tbody></table>\n"};

}  // namespace farebench::row_layouts
