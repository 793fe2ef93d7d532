package ws

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestTakeFromQuery(t *testing.T) {
	for _, tt := range []struct {
		raw, name string
		values    []string
		rest      string
	}{
		{"", "token", nil, ""},
		{"a=1&b=2", "token", nil, "a=1&b=2"},
		{"&&a=1&", "token", nil, "&&a=1&"},
		{"token=x", "token", []string{"x"}, ""},
		{"token=x&a=1", "token", []string{"x"}, "a=1"},
		{"a=1&token=x", "token", []string{"x"}, "a=1"},
		{"a=1&token=x&b=2", "token", []string{"x"}, "a=1&b=2"},
		{"token=x&token=y&a=1&token=z", "token", []string{"x", "y", "z"}, "a=1"},
		{"%74oken=x&to%6Ben=y&%74%6f%6b%65%6e=z", "token", []string{"x", "y", "z"}, ""},
		{"token=a%2Bb+c%zz", "token", []string{"a+b c%zz"}, ""},
		{"token", "token", []string{""}, ""},
		{"token=", "token", []string{""}, ""},
		{"token=x=y", "token", []string{"x=y"}, ""},
		{"Token=x&TOKEN=y&tokens=z&xtoken=1", "token", nil, "Token=x&TOKEN=y&tokens=z&xtoken=1"},
		{"a=1;token=x;b=2&c=3", "token", []string{"x"}, "a=1;b=2&c=3"},
		{"token=x;a=1", "token", []string{"x"}, "a=1"},
		{"a=1;%74oken=x", "token", []string{"x"}, "a=1"},
		{"+token=x&%20token=y&token%00z=w", "token", []string{"x", "y", "w"}, ""}, // PHP reads all of these as token
		{"my+key=x&my%20key=y&mykey=z", "my key", []string{"x", "y"}, "mykey=z"},
		{"a=%74oken&b=token%3Dx", "token", nil, "a=%74oken&b=token%3Dx"},
		{"%=1&%7=2&%zz=3&token=x", "token", []string{"x"}, "%=1&%7=2&%zz=3"},
	} {
		values, rest := takeFromQuery(tt.raw, tt.name)
		if !slices.Equal(values, tt.values) || rest != tt.rest {
			t.Errorf("takeFromQuery(%q, %q) = %q, %q, want %q, %q", tt.raw, tt.name, values, rest, tt.values, tt.rest)
		}
	}
}

func TestQueryObject(t *testing.T) {
	for _, tt := range []struct {
		raw  string
		want map[string]string
	}{
		{"", map[string]string{}},
		{"a=1&b=&c&&d=x%20y+z", map[string]string{"a": "1", "b": "", "c": "", "d": "x y z"}},
		{"a=first&a=second&%61=third", map[string]string{"a": "first"}},
		{"a=1;b=2", map[string]string{"a": "1;b=2"}},
		{"a=%zz&b=%", map[string]string{"a": "%zz", "b": "%"}},
		{"a=%ff&%ff=b", map[string]string{"a": "\uFFFD", "\uFFFD": "b"}},
	} {
		if got := queryObject(tt.raw); !maps.Equal(got, tt.want) {
			t.Errorf("queryObject(%q) = %q, want %q", tt.raw, got, tt.want)
		}
	}
}

// Whatever a query looks like: no reader of what is left finds the parameter, and
// nothing else is lost.
func FuzzRedactQuery(f *testing.F) {
	for _, seed := range []string{
		"token=x", "a=1&%74oken=x;b=2", "+token=x", "token%00=x", "a;token;&&=", "%", "token=%zz&token", "to%6ben=;;token=y",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		values, rest := takeFromQuery(raw, "token")
		if again, same := takeFromQuery(rest, "token"); len(again) > 0 || same != rest {
			t.Fatalf("%q leaves %q, in which %q is found again", raw, rest, again)
		}
		if len(values) == 0 && rest != raw {
			t.Fatalf("%q has no token and became %q", raw, rest)
		}
		if _, there := queryObject(rest)["token"]; there {
			t.Fatalf("%q leaves %q, whose object has the token", raw, rest)
		}
		if parsed, _ := url.ParseQuery(rest); parsed.Has("token") {
			t.Fatalf("%q leaves %q, in which net/url finds the token", raw, rest)
		}
		if parsed, _ := url.ParseQuery(strings.ReplaceAll(rest, ";", "&")); parsed.Has("token") {
			t.Fatalf("%q leaves %q, in which a reader that splits at semicolons finds the token", raw, rest)
		}
		parts := func(s string) []string {
			return slices.DeleteFunc(strings.FieldsFunc(s, func(r rune) bool { return r == '&' || r == ';' }), func(part string) bool {
				name, _, _ := strings.Cut(part, "=")
				return sameParameter(decodeQuery(name), "token")
			})
		}
		if want, got := parts(raw), parts(rest); !slices.Equal(got, want) {
			t.Fatalf("%q leaves the parts %q, want %q", raw, got, want)
		}
	})
}
