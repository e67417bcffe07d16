-- From each bid on the first that is lower by 50 or more decides; then those that a search from the first bid meets.
WITH RECURSIVE numbered AS (SELECT auction, bidder, price, dateTime, row_number() OVER (PARTITION BY auction, bidder ORDER BY dateTime, place) AS n
  FROM (SELECT *, row_number() OVER () AS place FROM bid)),
ends AS (SELECT s.auction, s.bidder, s.n AS first, min(r.n) AS last
  FROM numbered s JOIN numbered r ON (s.auction, s.bidder) = (r.auction, r.bidder) AND r.n > s.n AND r.price <= s.price - 50
  GROUP BY ALL),
matches AS (SELECT ends.*, e.dateTime AS drop_time, s.price - e.price AS drop_diff FROM ends
  JOIN numbered s ON (s.auction, s.bidder, s.n) = (ends.auction, ends.bidder, first)
  JOIN numbered e ON (e.auction, e.bidder, e.n) = (ends.auction, ends.bidder, last)
  WHERE e.price < s.price - 50 AND e.dateTime - s.dateTime <= INTERVAL '5' SECOND),
met AS (SELECT auction, bidder, 1::BIGINT AS n FROM numbered WHERE n = 1
  UNION ALL
  SELECT met.auction, met.bidder, coalesce(m.last, met.n) + 1
  FROM met JOIN numbered r ON (r.auction, r.bidder, r.n) = (met.auction, met.bidder, met.n)
  LEFT JOIN matches m ON (m.auction, m.bidder, m.first) = (met.auction, met.bidder, met.n))
SELECT m.auction, m.bidder, m.drop_time, m.drop_diff
FROM matches m JOIN met ON (met.auction, met.bidder, met.n) = (m.auction, m.bidder, m.first)
