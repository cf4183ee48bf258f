package main

import (
	"bytes"
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

// openFare is a fare element whose end tag has not been read.
type openFare struct {
	tag string
	// Number of open elements of that tag, including its own.
	depth int
	text  strings.Builder
}

// parseFares reads a page in UTF-8 as it arrives and returns its fares in order. It builds no tree and keeps only
// the text of fares, so that many pages at once need little memory. A fare without an end tag is an error.
func parseFares(page io.Reader) ([]fare, error) {
	var fares []fare
	var open []*openFare
	tokens := html.NewTokenizer(page)
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if err := tokens.Err(); err != io.EOF {
				return nil, err
			}
			if len(open) > 0 {
				return nil, fmt.Errorf("malformed_page: a fare has no end tag </%s>", open[0].tag)
			}
			return fares, nil
		case html.TextToken:
			text := tokens.Text()
			for _, current := range open {
				current.text.Write(text)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, hasAttributes := tokens.TagName()
			changeDepth(open, tag, 1)
			if hasAttributes && isFare(tokens) {
				open = append(open, &openFare{tag: string(tag), depth: 1})
			}
		case html.EndTagToken:
			tag, _ := tokens.TagName()
			changeDepth(open, tag, -1)
			for last := len(open) - 1; last >= 0 && open[last].depth == 0; last-- {
				parsed, err := parseFare(open[last].text.String())
				if err != nil {
					return nil, fmt.Errorf("malformed_page: %w", err)
				}
				fares = append(fares, parsed)
				open = open[:last]
			}
		}
	}
}

// changeDepth counts a start tag (+1) or an end tag (-1).
func changeDepth(open []*openFare, tag []byte, change int) {
	for _, current := range open {
		if current.tag == string(tag) {
			current.depth += change
		}
	}
}

// isFare returns true if the class list of the current start tag contains fareClass.
func isFare(tokens *html.Tokenizer) bool {
	for more := true; more; {
		var key, value []byte
		key, value, more = tokens.TagAttr()
		if string(key) == "class" {
			return hasFareClass(value)
		}
	}
	return false
}

func hasFareClass(list []byte) bool {
	if !bytes.Contains(list, []byte(fareClass)) {
		return false
	}
	isSpace := func(letter rune) bool { return strings.ContainsRune("\t\n\f\r ", letter) }
	for _, class := range bytes.FieldsFunc(list, isSpace) {
		if string(class) == fareClass {
			return true
		}
	}
	return false
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
