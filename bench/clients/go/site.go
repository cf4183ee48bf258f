package main

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	requestTimeout = 5 * time.Minute
	dayFormat      = "2006-01-02"
	startPath      = "/m/"
	searchPath     = "/m/?0-1.IFormSubmitListener-searchForm-form"
	sessionCookie  = "JSESSIONID"
)

var firstDay = time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)

// result is what an item without error adds to the report.
type result struct {
	crc   uint32
	fares int
}

// task fetches one item of the site at `url`.
type task func(client *http.Client, url string, item int) (result, error)

var tasks = map[string]task{"get": get, "scrape": scrape}

// site runs items of one task. Its methods may be called from any goroutine.
type site struct {
	url  string
	task task
	// Connections of all items; nil if each item has its own.
	kept *http.Transport
}

func newSite(chosen options) *site {
	created := &site{url: chosen.url, task: chosen.task}
	if !chosen.fresh {
		created.kept = newTransport(chosen.workers)
	}
	return created
}

// A transport with a dialer of its own prepares no HTTP/2, which would cost much per item.
var dialer = &net.Dialer{Timeout: requestTimeout}

func newTransport(maxConnections int) *http.Transport {
	return &http.Transport{
		DialContext:         dialer.DialContext,
		MaxConnsPerHost:     maxConnections,
		MaxIdleConnsPerHost: maxConnections,
	}
}

// run fills the outcomes of items 0 to len(outcomes)-1, at most `workers` of them at a time.
func (s *site) run(workers int, outcomes []outcome) {
	var next atomic.Int64
	var group sync.WaitGroup
	for worker := 0; worker < workers && worker < len(outcomes); worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for item := next.Add(1) - 1; item < int64(len(outcomes)); item = next.Add(1) - 1 {
				start := now()
				got, err := s.runItem(int(item))
				outcomes[item] = outcome{start: start, end: now(), result: got, err: err}
			}
		}()
	}
	group.Wait()
}

func (s *site) runItem(item int) (result, error) {
	transport := s.kept
	if transport == nil {
		transport = newTransport(1)
		defer transport.CloseIdleConnections()
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       requestTimeout,
	}
	return s.task(client, s.url, item)
}

// finish reads the rest of a body, without which its connection could not be reused, and closes it.
func finish(body io.ReadCloser) error {
	_, err := io.Copy(io.Discard, body)
	body.Close()
	return err
}

func checkStatus(response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("unexpected_status: %d", response.StatusCode)
	}
	return nil
}

// Buffers are needed only while a body arrives, so that waiting workers hold none.
var buffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

func get(client *http.Client, url string, item int) (result, error) {
	response, err := client.Get(fmt.Sprintf("%s/page/%d", url, item))
	if err != nil {
		return result{}, err
	}
	defer finish(response.Body)
	if err := checkStatus(response); err != nil {
		return result{}, err
	}
	buffer := buffers.Get().(*[32 << 10]byte)
	defer buffers.Put(buffer)
	checksum := crc32.NewIEEE()
	if _, err := io.CopyBuffer(checksum, response.Body, buffer[:]); err != nil {
		return result{}, err
	}
	return result{crc: checksum.Sum32()}, nil
}

func scrape(client *http.Client, url string, item int) (result, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return result{}, err
	}
	client.Jar = jar
	if err := openSession(client, url); err != nil {
		return result{}, err
	}
	day := firstDay.AddDate(0, 0, item)
	fares, err := search(client, url, day)
	if err != nil {
		return result{}, err
	}
	text := append(day.AppendFormat(nil, dayFormat), '\n')
	for _, fare := range fares {
		text = fare.appendTo(text)
	}
	return result{crc: crc32.ChecksumIEEE(text), fares: len(fares)}, nil
}

// openSession gets the start page, whose cookie opens a session.
func openSession(client *http.Client, url string) error {
	response, err := client.Get(url + startPath)
	if err != nil {
		return err
	}
	if err := finish(response.Body); err != nil {
		return err
	}
	if err := checkStatus(response); err != nil {
		return err
	}
	for _, cookie := range response.Cookies() {
		if cookie.Name == sessionCookie {
			return nil
		}
	}
	return errors.New("no_session: the start page set no " + sessionCookie + " cookie")
}

func search(client *http.Client, url string, day time.Time) ([]fare, error) {
	form := "fromStation=ID10202003&toStation=ID10202002&departure=" + day.Format("02.01.06")
	response, err := client.Post(url+searchPath, "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	defer finish(response.Body)
	if err := checkStatus(response); err != nil {
		return nil, err
	}
	return parseFares(response.Body)
}
