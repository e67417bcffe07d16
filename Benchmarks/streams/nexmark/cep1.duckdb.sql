-- The longest run of bids from each on whose averages all are small; then those that a search from the first bid meets.
WITH RECURSIVE numbered AS (SELECT auction, bidder, price, dateTime, row_number() OVER (PARTITION BY auction, bidder ORDER BY dateTime, place) AS n
  FROM (SELECT *, row_number() OVER () AS place FROM bid)),
sums AS (SELECT s.auction, s.bidder, s.n AS first, r.n AS n, sum(r.price) OVER w // count(*) OVER w AS mean
  FROM numbered s JOIN numbered r ON (s.auction, s.bidder) = (r.auction, r.bidder) AND r.n >= s.n
  WINDOW w AS (PARTITION BY s.auction, s.bidder, s.n ORDER BY r.n)),
prefixes AS (SELECT auction, bidder, first, coalesce(min(n) FILTER (WHERE mean >= 10000), max(n)) - 1 AS last FROM sums GROUP BY ALL),
-- B takes the bid behind, so the last A is never the last bid.
matches AS (SELECT auction, bidder, first, last FROM prefixes WHERE last >= first),
met AS (SELECT auction, bidder, 1::BIGINT AS n FROM numbered WHERE n = 1
  UNION ALL
  SELECT met.auction, met.bidder, coalesce(m.last + 2, met.n + 1)
  FROM met JOIN numbered r ON (r.auction, r.bidder, r.n) = (met.auction, met.bidder, met.n)
  LEFT JOIN matches m ON (m.auction, m.bidder, m.first) = (met.auction, met.bidder, met.n))
SELECT m.auction, m.bidder, s.dateTime AS start_tstamp, e.dateTime AS end_tstamp, u.mean AS avg_price
FROM matches m JOIN met ON (met.auction, met.bidder, met.n) = (m.auction, m.bidder, m.first)
JOIN numbered s ON (s.auction, s.bidder, s.n) = (m.auction, m.bidder, m.first)
JOIN numbered e ON (e.auction, e.bidder, e.n) = (m.auction, m.bidder, m.last)
JOIN sums u ON (u.auction, u.bidder, u.first, u.n) = (m.auction, m.bidder, m.first, m.last)
