-- The longest run of bids from each on whose averages all are small.
WITH numbered AS (SELECT auction, bidder, price, dateTime, row_number() OVER (PARTITION BY auction, bidder ORDER BY dateTime, place) AS n
  FROM (SELECT *, row_number() OVER () AS place FROM bid)),
sums AS (SELECT s.auction, s.bidder, s.n AS first, r.n AS n, sum(r.price) OVER w // count(*) OVER w AS mean
  FROM numbered s JOIN numbered r ON (s.auction, s.bidder) = (r.auction, r.bidder) AND r.n >= s.n
  WINDOW w AS (PARTITION BY s.auction, s.bidder, s.n ORDER BY r.n)),
prefixes AS (SELECT auction, bidder, first, coalesce(min(n) FILTER (WHERE mean >= 10000), max(n)) - 1 AS last FROM sums GROUP BY ALL),
-- B takes the bid behind, so the last A is never the last bid.
matches AS (SELECT auction, bidder, first, last FROM prefixes WHERE last >= first)
SELECT m.auction, m.bidder, s.dateTime AS start_tstamp, e.dateTime AS end_tstamp, u.mean AS avg_price
FROM matches m
JOIN numbered s ON (s.auction, s.bidder, s.n) = (m.auction, m.bidder, m.first)
JOIN numbered e ON (e.auction, e.bidder, e.n) = (m.auction, m.bidder, m.last)
JOIN sums u ON (u.auction, u.bidder, u.first, u.n) = (m.auction, m.bidder, m.first, m.last)
