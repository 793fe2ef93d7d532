package api

import (
	"strconv"
	"strings"

	"gatepost/protocol"
)

// place is where a call names what it is about: in its path, or in its body.
type place func(c *call, field string) (string, error)

func inPath(c *call, field string) (string, error) { return decodeSegment(field, c.Param(field)) }

// named is the place of a call whose body names one thing.
func named(c *call, field string) (string, error) { return protocol.ParseNamed(field, c.body) }

// inBody has a list's parameters come in a JSON body, where 1,000 names have room, and no
// proxy looks at them. fields are those that it has besides limit and cursor.
func inBody(list func(*call) error, fields ...string) func(*call) error {
	return func(c *call) error {
		asked, err := protocol.ParseListing(c.body, fields...)
		if err != nil {
			return err
		}
		c.params = query{"group": asked.Groups, "uid": asked.UIDs}
		if len(asked.Fields) > 0 {
			c.params["fields"] = []string{strings.Join(asked.Fields, ",")}
		}
		if asked.Limit != nil {
			c.params["limit"] = []string{strconv.FormatInt(*asked.Limit, 10)}
		}
		if asked.Cursor != nil {
			c.params["cursor"] = []string{*asked.Cursor}
		}
		return list(c)
	}
}
