-- The ten highest bids of each auction.
SELECT auction, bidder, price, dateTime, rank_number
FROM (
  SELECT auction, bidder, price, dateTime,
    ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC, dateTime) AS rank_number
  FROM bid
) AS ranked
WHERE rank_number <= 10
