package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

const fareClass = "select-line"

// fare is one bus connection. Times are minutes after midnight, prices hundredths of the currency.
type fare struct {
	departure int
	arrival   int
	kind      string
	seats     int
	price     int
	currency  string
}

// appendTo appends the fare's line of the item's text.
func (f fare) appendTo(text []byte) []byte {
	return fmt.Appendf(text, "%02d:%02d|%02d:%02d|%s|%d|%d|%s\n",
		f.departure/60, f.departure%60, f.arrival/60, f.arrival%60, f.kind, f.seats, f.price, f.currency)
}

// parseFares reads a page in UTF-8 and returns its fares in order.
func parseFares(page io.Reader) ([]fare, error) {
	root, err := html.Parse(page)
	if err != nil {
		return nil, err
	}
	return appendFares(nil, root)
}

// appendFares appends the fares of a node and of its descendants.
func appendFares(fares []fare, node *html.Node) ([]fare, error) {
	if isFare(node) {
		var text strings.Builder
		appendText(&text, node)
		parsed, err := parseFare(text.String())
		if err != nil {
			return nil, fmt.Errorf("malformed_page: %w", err)
		}
		fares = append(fares, parsed)
	}
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		var err error
		if fares, err = appendFares(fares, child); err != nil {
			return nil, err
		}
	}
	return fares, nil
}

func isFare(node *html.Node) bool {
	if node.Type != html.ElementNode {
		return false
	}
	for _, attribute := range node.Attr {
		if attribute.Key != "class" || !strings.Contains(attribute.Val, fareClass) {
			continue
		}
		for _, class := range strings.Fields(attribute.Val) {
			if class == fareClass {
				return true
			}
		}
	}
	return false
}

func appendText(text *strings.Builder, node *html.Node) {
	if node.Type == html.TextNode {
		text.WriteString(node.Data)
	}
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		appendText(text, child)
	}
}

func parseFare(text string) (fare, error) {
	words := strings.Fields(text)
	if len(words) != 6 {
		return fare{}, fmt.Errorf("a fare has %d words, expected 6", len(words))
	}
	if !utf8.ValidString(text) {
		return fare{}, fmt.Errorf("a fare has the text %q, expected UTF-8", text)
	}
	departure, departs := parseTime(words[0])
	arrival, arrives := parseTime(words[1])
	seats, hasSeats := parseDigits(words[3])
	price, hasPrice := parsePrice(words[4])
	if !departs || !arrives || !hasSeats || !hasPrice {
		return fare{}, fmt.Errorf("read %q, expected two times hh:mm, a type, free seats, a price and a currency", words)
	}
	return fare{departure, arrival, words[2], seats, price, words[5]}, nil
}

// parseTime reads h:mm or hh:mm.
func parseTime(word string) (minutes int, ok bool) {
	before, after, found := strings.Cut(word, ":")
	hour, hasHour := parseDigits(before)
	minute, hasMinute := parseDigits(after)
	ok = found && hasHour && hasMinute && len(before) <= 2 && len(after) == 2 && hour < 24 && minute < 60
	return hour*60 + minute, ok
}

// parsePrice reads 249, 249.5, 249.50 or 249,50.
func parsePrice(word string) (hundredths int, ok bool) {
	whole, decimals := word, "00"
	if mark := strings.IndexAny(word, ".,"); mark >= 0 {
		whole, decimals = word[:mark], word[mark+1:]
		if len(decimals) == 1 {
			decimals += "0"
		}
	}
	if whole == "" || len(decimals) != 2 {
		return 0, false
	}
	return parseDigits(whole + decimals)
}

func parseDigits(word string) (number int, ok bool) {
	for _, letter := range []byte(word) {
		if letter < '0' || letter > '9' {
			return 0, false
		}
	}
	number, err := strconv.Atoi(word)
	return number, err == nil
}
