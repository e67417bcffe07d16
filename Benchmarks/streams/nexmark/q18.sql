-- The last bid of each bidder on each auction.
SELECT auction, bidder, price, channel, url, dateTime, extra
FROM (
  SELECT auction, bidder, price, channel, url, dateTime, extra,
    ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY dateTime DESC, price DESC) AS rank_number
  FROM bid
) AS ranked
WHERE rank_number <= 1
