"""Prints the C++ table of HTML's named character references, from Python's html.entities.

Included by row_text.cpp. Names are sorted by bytes, without their `&`, and with the semicolon if they have it.
"""
from html.entities import html5

names = sorted(html5)
assert len(names) == 2231 and all(len(html5[name]) <= 2 for name in names)
offsets = [0]
for name in names:
    offsets.append(offsets[-1] + len(name))
print(f"constexpr std::size_t max_reference_name_bytes = {max(map(len, names))};")
print("constexpr std::string_view reference_names =")
print("\n".join(f'    "{name}"' for name in names) + ";")
print(f"constexpr std::array<std::uint16_t, {len(offsets)}> reference_offsets = {{{', '.join(map(str, offsets))}}};")
for which, size in (0, 32), (1, 16):
    values = ", ".join(hex(ord(html5[name][which])) if which < len(html5[name]) else "0" for name in names)
    print(f"constexpr std::array<char{size}_t, {len(names)}> reference_characters_{which + 1} = {{{values}}};")
